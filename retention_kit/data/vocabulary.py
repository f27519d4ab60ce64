"""Headers that shops, payment services and ERPs give their columns, in five languages.

Names are written without accents, case, blanks and punctuation. Each canonical column has groups of
names, the most telling first: a name of a later group counts only where none of an earlier one is.
"""

import unicodedata

__all__ = ["VOCABULARY", "plain_name"]

Groups = tuple[frozenset[str], ...]


def _groups(*texts: str) -> Groups:
    return tuple(frozenset(text.split()) for text in texts)


VOCABULARY: dict[str, Groups] = {
    "customer_id": _groups(
        "customerid customerno customernumber customer custid custno cust customercode customerkey"
        " clientid client clientno clientcode clientnumber userid user memberid membernumber accountid"
        " accountno accountnumber account buyerid buyer shopperid contactid personid householdid"
        " householdkey subscriberid kundennummer kundennr kundenid kundeid kunde kdnr kundnr debitor"
        " debitorennummer debitornr codicecliente codcliente idcliente cliente clienteid numerocliente"
        " idklienta klient klientid numerklienta nrklienta kodklienta kontrahent idkontrahenta"
        " asiakasnumero asiakasnro asiakastunnus asiakas asiakasid",
        "email emailaddress customeremail billingemail buyeremail customeremailaddress mail"
        " emailadresse indirizzoemail adresemail sahkoposti sahkopostiosoite username",
        "customername clientname billingname kundenname nomecliente nazwaklienta asiakkaannimi phone",
    ),
    "ordered_at": _groups(
        "orderdate orderedat orderedon ordertime orderdatetime ordertimestamp orderpurchasetimestamp"
        " purchasedate purchasedat purchasetime purchasetimestamp invoicedate transactiondate"
        " transactiontime transactiontimestamp transdate saledate salesdate saletime salestime"
        " documentdate bookingdate dateoforder dateofpurchase orderplaced placedat placedon"
        " datecreated orderdategmt datecreatedgmt bestelldatum auftragsdatum rechnungsdatum kaufdatum"
        " belegdatum buchungsdatum bestelltam bestellzeit dataordine dataacquisto datafattura"
        " datavendita datadocumento dataoperazione datazamowienia datazakupu datasprzedazy"
        " datatransakcji datafaktury datawystawienia tilauspaiva tilauspvm tilausaika ostopaiva"
        " ostopvm laskunpaiva laskupvm laskupaiva myyntipaiva",
        "createdat createdon created creationdate createddate postdate orderday",
        "date datetime timestamp time day datum dt data paiva pvm paivamaara paivays zeitpunkt when"
        " eventtime",
        "paidat paymentdate paiddate shippeddate shipdate completedat completeddate datepaid",
    ),
    "order_id": _groups(
        "orderid orderno ordernumber ordernr ordercode orderkey order invoiceid invoiceno"
        " invoicenumber invoice transactionid transactionno transid receiptid receiptno receipt"
        " basketid basket documentno documentnumber saleid salesid purchaseid bookingid incrementid"
        " bestellnummer bestellnr bestellid auftragsnummer auftragsnr auftrag rechnungsnummer"
        " rechnungsnr belegnummer belegnr numeroordine nrordine idordine ordine codiceordine"
        " numerofattura scontrino numerzamowienia nrzamowienia idzamowienia zamowienie numerfaktury"
        " nrfaktury idtransakcji paragon tilausnumero tilausnro tilaustunnus tilaus tilausid"
        " laskunumero laskunro kuittinumero",
    ),
    "amount": _groups(
        "amount total ordertotal totalamount totalprice totalsales totalvalue totalsum grandtotal"
        " ordervalue orderamount revenue sales salesamount salesvalue turnover totalpaid amountpaid"
        " paidamount transactionamount invoiceamount invoicetotal purchaseamount linetotal lineamount"
        " linevalue extendedprice spend spending value ordertotalamount betrag gesamtbetrag"
        " bestellwert umsatz gesamt gesamtsumme gesamtpreis rechnungsbetrag summe bruttobetrag"
        " warenwert importo importototale totale totaleordine valore valoreordine ricavo fatturato"
        " kwota kwotabrutto wartosc wartoscbrutto wartosczamowienia suma razem sumabrutto summa"
        " yhteensa loppusumma tilaussumma hinta kokonaissumma kokonaishinta arvo myynti",
        "net netamount netsales netto nettobetrag kwotanetto importonetto amountnet totalnet subtotal"
        " gross grossamount grosssales paymentvalue payment",
    ),
    "quantity": _groups(
        "quantity qty units unitssold itemquantity lineitemquantity menge anzahl stueck stuck"
        " stueckzahl quantita qta pezzi ilosc liczba sztuk maara kpl lukumaara",
    ),
    "unit_price": _groups(
        "unitprice price itemprice lineitemprice priceperunit priceeach einzelpreis preis stueckpreis"
        " stuckpreis prezzo prezzounitario cena cenajednostkowa yksikkohinta ahinta kappalehinta",
    ),
    "margin": _groups(
        "margin grossmargin grossprofit profit contribution deckungsbeitrag rohertrag marge margine"
        " utile marza zysk kate myyntikate",
    ),
    "currency": _groups(
        "currency currencycode currencyiso ordercurrency waehrung wahrung valuta divisa waluta"
        " kodwaluty valuutta",
    ),
    "status": _groups(
        "orderstatus financialstatus status state orderstate paymentstatus bestellstatus"
        " auftragsstatus stato statoordine statuszamowienia tila tilauksentila",
    ),
    "product": _groups(
        "product productid productname sku stockcode item itemid itemname productcode lineitemname"
        " lineitemsku artikel artikelnummer artikelnr produkt prodotto articolo codicearticolo"
        " codiceprodotto towar tuote tuotenumero tuotenimi",
        "category productcategory producttype productgroup kategorie categoria kategoria description"
        " descrizione",
    ),
    "channel": _groups(
        "channel saleschannel orderchannel sourcename source utmsource medium platform store"
        " storename shop kanal vertriebskanal verkaufskanal canale canalevendita kanalsprzedazy kanava"
        " myyntikanava",
    ),
}


def plain_name(header: str) -> str:
    """Return a header without accents, case, blanks and punctuation.

    >>> plain_name("Tilauspäivä "), plain_name("ID_zamówienia"), plain_name("Währung")
    ('tilauspaiva', 'idzamowienia', 'wahrung')
    """
    text = header.casefold().replace("ł", "l").replace("ø", "o").replace("æ", "ae")
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if letter.isalnum())
