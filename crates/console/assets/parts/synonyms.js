// The other names of columns, as the service knows them: written by the test `synonyms` of this
// crate from crates/domain/src/intake/synonyms.csv, with ACCUNODE_UPDATE=1.

/** @type {Record<string, string[]>} */
export const SYNONYMS = {
  company_name: ["name","company","corporation","issuer","issuer name","legal name","entity name","long name","short name","conm","firm","firma","firmenname","unternehmen","unternehmensname","gesellschaft","société","entreprise","raison sociale","dénomination sociale","nom","nom de la société","empresa","razón social","compañía","sociedad","nombre","nombre de la empresa","azienda","società","impresa","ragione sociale","denominazione sociale","nome","spółka","przedsiębiorstwo","nazwa","nazwa spółki","nazwa firmy","razão social","companhia","nome da empresa","denominação social"],
  company_symbol: ["symbol","ticker","ticker symbol","stock symbol","company ticker","exchange ticker","exchange symbol","tic","ric","security","bloomberg ticker","company id","identifier","kürzel","börsenkürzel","tickersymbol","wertpapierkürzel","symbole","mnémonique","code mnémonique","símbolo","símbolo bursátil","simbolo","symbol spółki","symbol giełdowy","código de negociação"],
  country: ["country of domicile","country of incorporation","domicile","country code","loc","land","sitzland","pays","país","paese","nazione","kraj","państwo"],
  currency: ["currency code","reported currency","financial currency","reporting currency","währung","berichtswährung","devise","moneda","divisa","valuta","waluta","moeda"],
  current_ratio: ["current ratio","cur ratio","curr r"],
  debt_to_equity: ["debt / equity","debt / equity ratio","debt equity ratio","total debt / equity","total debt to total equity","tot debt to tot eqy","d / e"],
  ebit_to_interest_expense: ["ebit / interest","ebit / interest exp","ebit to tot int exp","interest coverage","interest coverage ratio","interest cover","ebit interest coverage","times interest earned"],
  exchange: ["stock exchange","listing exchange","exchange short name","primary exchange","market","börse","börsenplatz","bourse","place de cotation","bolsa","borsa","giełda"],
  figi: ["openfigi","composite figi","id bb global"],
  industry: ["gics industry","industry group","sub industry","branche","wirtschaftszweig","industrie","industria","branża"],
  inventory_turnover: ["inventory turns","inv turnover","invent turn","stock turnover","inventory turnover ratio"],
  isin: ["isin code","isin number","security isin","id isin"],
  lei: ["legal entity identifier","lei code","entity lei","legal entity identifier lei"],
  long_term_debt_to_total_capital: ["long term debt to total capital","long term debt / capital","lt debt / capital","lt debt to total capital","lt debt to tot cap","ltd / capital","ltd to total capital","long term debt / total capitalization","long term debt to capitalization","lt debt to total capitalization","long term debt to total capitalisation"],
  market_cap: ["market cap","market capitalization","market capitalisation","mkt cap","market capitalization latest","mktcap","market value","marktkapitalisierung","börsenwert","capitalisation boursière","capitalización bursátil","capitalización de mercado","capitalizzazione di mercato","kapitalizacja rynkowa","kapitalizacja","valor de mercado"],
  national_id: ["national id","national number","vat","vat number","vat id","vat no","tax id","tax number","registration number","company registration number","company number","national registration number","cik","siren"],
  net_income_margin: ["net margin","net profit margin","profit margin","profit margins","net income margin","prof margin","net profit margin ttm","nettomarge","marge nette","margen neto","margine netto","marża netto","margem líquida"],
  quick_ratio: ["acid test ratio","acid test","quick r"],
  receivables_turnover: ["receivable turnover","accounts receivable turnover","acct rcv turn","ar turnover","debtors turnover","receivables turnover ratio"],
  reporting_quarter: ["quarter","fiscal quarter","fqtr","qtr","quartal","vierteljahr","geschäftsquartal","trimestre","trimestre fiscal","kwartał"],
  reporting_year: ["year","fiscal year","financial year","fy","fyear","calendar year","period end","period end date","period ending","fiscal year end","fiscal period end","period","fiscal period","statement date","balance sheet date","as of date","jahr","geschäftsjahr","berichtsjahr","wirtschaftsjahr","bilanzjahr","stichtag","bilanzstichtag","année","exercice","exercice fiscal","année fiscale","date de clôture","año","ejercicio","ejercicio fiscal","año fiscal","fecha de cierre","anno","esercizio","anno fiscale","data di chiusura","rok","rok obrotowy","rok finansowy","rok obrachunkowy","exercício","exercício social","ano fiscal"],
  return_on_assets: ["roa","return on asset","return on total assets","roa return on assets","rota"],
  sector: ["gics sector","economic sector","industry sector","sektor","wirtschaftssektor","secteur","secteur d'activité","sector económico","settore","sektor gospodarki","setor"],
  total_debt_to_ebitda: ["debt / ebitda","total debt / ebitda","gross debt / ebitda","debt to ebitda ratio","tot debt / ebitda"],
  working_capital_to_total_assets: ["working capital / assets","wc / ta","wc / total assets","net working capital / total assets"],
};
