import json
import os
import shlex
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

import shops

from retention_kit import cli
from retention_kit.notebooks import CohortParameters
from retention_kit.params import parameters_table
from retention_kit.reports.job import Job

COMMANDS = ("init", "check", "params", "report", "serve", "lab", "cache", "simulate")


@pytest.fixture
def shop(tmp_path):
    return shops.write_shop(tmp_path)


@pytest.fixture
def run(monkeypatch, capsys):
    """A function that runs the command as a shell would: exit code, output, and errors."""

    def run_command(*arguments):
        monkeypatch.setattr(sys, "argv", ["retention", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, said.err

    return run_command


def test_help_lists_every_command():
    shown = CliRunner().invoke(cli.app, ["--help"], env={"TERM": "dumb", "COLUMNS": "120"})
    assert shown.exit_code == 0
    for name in COMMANDS:
        assert f" {name} " in shown.output
        assert CliRunner().invoke(cli.app, [name, "--help"]).exit_code == 0


def test_unknown_command_is_a_wrong_argument(run):
    code, _, err = run("chek")
    assert code == 2
    assert "No such command" in err


def test_check_accounts_for_every_row(run, shop):
    code, out, err = run("check", shop)
    assert (code, err) == (0, "")
    assert "of 300 customers" in out


def test_check_of_missing_data_is_a_sentence_and_exit_code_3(run):
    code, out, err = run("check", "nowhere.toml")
    assert (code, out) == (3, "")
    assert err == "Error: There is no dataset file 'nowhere.toml'. Write one with `retention init`.\n"


def test_init_writes_a_dataset_file_and_says_what_to_type_next(run, tmp_path):
    shops.write_shop(tmp_path).unlink()
    code, out, err = run("init", tmp_path / "shop.csv", "--set", "time_zone=Europe/Rome")
    assert (code, err) == (0, "")
    made = tmp_path / "shop.toml"
    assert 'time_zone = "Europe/Rome"' in made.read_text("utf-8")
    assert f"Written: {made}" in out
    following = shlex.split(out.strip().splitlines()[-1].removeprefix("Next:"))
    assert following[0] == "retention"
    assert str(made) in following
    assert run("check", made)[0] == 0


def test_init_does_not_overwrite_unless_told(run, shop):
    before = shop.read_text("utf-8")
    code, _, err = run("init", shop.with_suffix(".csv"))
    assert code == 2
    assert "shop.toml" in err
    assert shop.read_text("utf-8") == before
    assert run("init", shop.with_suffix(".csv"), "--overwrite")[0] == 0
    assert shop.read_text("utf-8") != before


def test_init_of_ambiguous_days_says_how_to_decide(run, tmp_path):
    lines = ["customer_id,date,amount", *(f"c{day},0{day}/0{day + 1}/2024,5.00" for day in range(1, 8))]
    source = tmp_path / "orders.csv"
    source.write_text("\n".join(lines), "utf-8")
    code, _, err = run("init", source)
    assert code == 2
    assert "--set date_order=dmy or --set date_order=mdy" in err
    assert not (tmp_path / "orders.toml").exists()
    assert run("init", source, "--set", "date_order=dmy")[0] == 0


@pytest.mark.parametrize("settings", [["title"], ["title=a", "--set", "title=b"]])
def test_setting_that_sets_nothing_is_a_wrong_argument(run, shop, settings):
    code, _, err = run("init", shop.with_suffix(".csv"), "--set", *settings)
    assert code == 2
    assert "Write KEY=VALUE, each key once." in err


def test_params_prints_the_documented_parameters(run):
    assert run("params", "cohorts") == (0, parameters_table(CohortParameters) + "\n", "")
    assert run("params") == run("params", "cohorts")


def test_unknown_notebook_is_a_wrong_argument(run):
    code, _, err = run("params", "cohort")
    assert code == 2
    assert "Did you mean 'cohorts'?" in err


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["gain=week"], "Did you mean 'grain'?"),
        (["grain=fortnight"], "grain='fortnight' is not allowed: one of day, week, month, quarter, year"),
        (["age=-1"], "age=-1 is not allowed: a whole number from 0 to 10000"),
        (["age=x"], "age='x' is not allowed"),
        (["cohort_from=20240101"], "write the day as YYYY-MM-DD"),
        (["age"], "Write it as name=value."),
        (["age=1", "age=2"], "is set twice"),
    ],
)
def test_report_refuses_bad_parameters_before_it_starts(run, tmp_path, settings, said):
    options = [part for text in settings for part in ("--set", text)]
    code, _, err = run("report", "cohorts", "--out", tmp_path / "reports", *options)
    assert code == 2
    assert said in err
    assert not (tmp_path / "reports").exists()


def test_report_of_a_dataset_that_is_not_there_starts_nothing(run, tmp_path):
    code, _, err = run("report", "cohorts", "--dataset", "cdnw", "--out", tmp_path / "reports")
    assert code == 3
    assert "There is no dataset 'cdnw'. Did you mean 'cdnow'?" in err
    assert not (tmp_path / "reports").exists()


def test_report_gives_the_runner_what_was_asked_for(run, tmp_path, monkeypatch, shop):
    from retention_kit import reports

    asked = {}

    def noted(notebook, *, progress, **options):
        asked.update(options, notebook=notebook)
        progress(reports.Progress(done=1, cells=2, elapsed_seconds=3.4))
        return reports.Published(tmp_path / "published", {"pdf": "report.pdf"})

    monkeypatch.setattr(reports, "run_report", noted)
    code, out, err = run(
        "report", "cohorts", "--dataset", shop, "--set", "grain=week", "--set", "age=2", "--set", "level=0.9",
        "--out", tmp_path, "--timeout", "60", "--name", "weekly", "--pdf",
    )  # fmt: skip
    assert code == 0
    assert asked["parameters"] == {"dataset": str(shop), "grain": "week", "age": 2, "level": 0.9}
    assert (asked["notebook"], asked["out"], asked["timeout"]) == ("cohorts", tmp_path, 60.0)
    assert (asked["name"], asked["pdf"]) == ("weekly", True)
    assert (asked["notebooks"] / "01_cohorts.ipynb").is_file()
    folder = tmp_path / "published"
    assert out == f"Published: {folder / 'report.html'}\nAs a PDF:  {folder / 'report.pdf'}\n"
    assert err == "Cohorts: 1 of 2 cells, 3 s\n"


def test_progress_is_a_bar_on_a_terminal(monkeypatch):
    import io

    from retention_kit import progress
    from retention_kit.reports import Progress

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr(progress.sys, "stderr", screen)
    with progress.shown_progress("Cohorts") as show:
        show(Progress(done=1, cells=2, elapsed_seconds=3.4))
    assert "of 2 cells" not in screen.getvalue()


def test_two_runs_of_one_job_at_a_time_are_one_too_many(run, tmp_path):
    with Job(tmp_path, "cohorts-cdnow").run_folder():
        code, _, err = run("report", "cohorts", "--out", tmp_path)
    assert code == 6
    assert "Another run of 'cohorts-cdnow' is going on." in err


@contextmanager
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as holder:
        yield holder.getsockname()[1]


def test_serve_on_a_taken_port_is_exit_code_7(run):
    with taken_port() as port:
        code, _, err = run("serve", "--port", port)
    assert code == 7
    assert f"Port {port} on 127.0.0.1 is taken by another program." in err


def test_serve_of_no_dataset_file_is_exit_code_7(run):
    code, _, err = run("serve", "cdnwo")
    assert code == 7
    assert "Did you mean 'cdnow'?" in err


def test_serve_to_others_needs_a_token(run, monkeypatch):
    monkeypatch.delenv("RETENTION_TOKEN", raising=False)
    code, _, err = run("serve", "--host", "0.0.0.0", "--port", "0")
    assert code == 7
    assert "no token was given" in err


def test_serve_gives_the_server_what_was_asked_for(run, monkeypatch, shop):
    from retention_kit import serving

    asked = {}

    def noted(datasets, *, announce, **options):
        asked.update(options, datasets=datasets)
        announce("http://127.0.0.1:1/")

    monkeypatch.setattr(serving, "serve", noted)
    monkeypatch.setenv("RETENTION_TOKEN", "sesame")
    code, out, _ = run("serve", shop, "cdnow", "--port", "0", "--max-kernels", "3", "--idle-timeout", "5")
    assert code == 0
    assert asked["datasets"] == {"shop": shop, "cdnow": asked["datasets"]["cdnow"]}
    assert (asked["host"], asked["port"], asked["token"]) == ("127.0.0.1", 0, "sesame")
    assert (asked["max_kernels"], asked["idle_timeout"]) == (3, 5.0)
    assert out == "The workbook is at http://127.0.0.1:1/\n"


def test_lab_opens_the_notebooks_with_the_datasets_and_without_a_network(run, monkeypatch, shop):
    asked = {}

    def noted(command, *, check, env):
        asked.update(command=command, datasets=json.loads(env["RETENTION_DATASETS"]))
        asked["settings"] = env["JUPYTER_CONFIG_PATH"].split(os.pathsep)
        return subprocess.CompletedProcess(command, 5)

    monkeypatch.setattr(cli.subprocess, "run", noted)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/etc/jupyter-of-the-user")
    assert run("lab", shop, "--port", "9999", "--no-browser")[0] == 5
    command = asked["command"]
    assert command[:4] == [sys.executable, "-m", "jupyter", "lab"]
    assert "--ServerApp.port=9999" in command
    assert "--no-browser" in command
    assert "--LabApp.extension_manager=readonly" in command
    assert "--LabApp.news_url=None" in command
    assert asked["datasets"] == {"shop": str(shop)}
    assert (Path(asked["settings"][0]) / "labconfig" / "default_setting_overrides.json").is_file()
    assert asked["settings"][1:] == ["/etc/jupyter-of-the-user"]
    run("lab")
    assert list(asked["datasets"]) == ["cdnow"]
    assert "--no-browser" not in asked["command"]


def test_cache_is_shown_and_cleared(run, tmp_path, monkeypatch, shop):
    monkeypatch.setenv("RETENTION_CACHE", str(tmp_path / "cache"))
    assert run("cache") == (0, f"{tmp_path / 'cache'}\n", "")
    run("check", shop)
    code, out, _ = run("cache")
    assert code == 0
    assert len(out.splitlines()) == 2
    assert " files " in out
    assert run("cache", "--clear")[1].startswith("Freed ")
    assert run("cache")[1] == f"{tmp_path / 'cache'}\n"


def test_simulate_writes_a_shop_and_says_what_to_type_next(run, tmp_path):
    folder = tmp_path / "my shop"
    options = ["--customers", "150", "--seed", "8", "--from", "2023-01-01", "--to", "2024-06-30"]
    code, out, err = run("simulate", folder, *options)
    assert (code, err) == (0, "")
    path = folder / "shop.toml"
    assert out == (
        f"Written: {path}\nTruth:   {folder / 'shop' / 'truth.json'}\n"
        f"Next:    retention check {shlex.quote(str(path))}\n"
    )
    truth = json.loads((folder / "shop" / "truth.json").read_text("utf-8"))
    asked = ("customers", "seed", "first_day", "last_day")
    assert [truth[name] for name in asked] == [150, 8, "2023-01-01", "2024-06-30"]
    assert " ".join(options).replace("--", "") in path.read_text("utf-8").replace("--", "")
    code, out, err = run("check", path)
    assert (code, err) == (0, "")
    assert "of 150 customers" in out


def test_simulate_refuses_a_folder_with_a_shop_and_arguments_that_will_not_do(run, tmp_path):
    (tmp_path / "shop.toml").write_text("mine")
    code, _, err = run("simulate", tmp_path, "--customers", "100")
    assert code == 2
    assert "holds 'shop.toml' already." in err
    assert (tmp_path / "shop.toml").read_text() == "mine"
    for options in (["--to", "2022-06-30"], ["--customers", "5"], ["--from", "20220101"], ["--seed", "-1"]):
        assert run("simulate", tmp_path / "new", *options)[0] == 2
    assert not (tmp_path / "new").exists()


def test_help_of_simulate_names_every_flag_with_its_default():
    shown = CliRunner().invoke(cli.app, ["simulate", "--help"], env={"TERM": "dumb", "COLUMNS": "120"}).output
    for text in ("--customers", "2500", "--seed", "--from", "2022-01-01", "--to", "2024-12-31", "FOLDER"):
        assert text in shown.replace("{folder}", "FOLDER")


def test_interruption_ends_with_130(run, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupted)
    assert run("check")[0] == 130


def test_console_command_is_installed():
    command = Path(sys.executable).with_name("retention")
    ended = subprocess.run(
        [command, "params", "cohrots"], capture_output=True, text=True, env=os.environ, check=False
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "Did you mean 'cohorts'?" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_installation_without_notebooks_says_so(monkeypatch, tmp_path):
    from retention_kit import resources
    from retention_kit.errors import DataError

    assert (resources.notebooks_folder() / "01_cohorts.ipynb").is_file()
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "retention_kit" / "resources.py"))
    with pytest.raises(DataError, match="no notebooks"):
        resources.notebooks_folder()
