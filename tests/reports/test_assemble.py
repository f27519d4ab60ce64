from retention_kit.notebooks import NOTEBOOKS
from retention_kit.reports.assemble import rerun_command


def test_the_command_to_run_again_names_what_is_no_default_and_is_safe_to_paste():
    parameters = {"dataset": "my shop.toml", "grain": "month", "segment": "channel=$(rm -rf x)", "age": 3}
    command = rerun_command(NOTEBOOKS["cohorts"], parameters)
    assert command == (
        "retention report cohorts --dataset 'my shop.toml' --set 'segment=channel=$(rm -rf x)' --set age=3"
    )
    assert rerun_command(NOTEBOOKS["cohorts"], parameters, pdf=True) == f"{command} --pdf"
