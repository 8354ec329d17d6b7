use super::*;

fn meant(kind: Kind, name: &str) -> Option<&'static str> {
    Field::meant_by(kind, &ColumnName::read(name)).map(|field| field.name(kind))
}

#[test]
fn column_names_of_users_and_vendors_are_recognized() {
    for (name, field) in [
        ("Ticker", "company_symbol"),
        ("Exchange:Ticker", "company_symbol"),
        ("fiscalYear", "reporting_year"),
        ("Fiscal Year", "reporting_year"),
        ("Corporation", "company_name"),
        ("LT Debt / Capital (%)", "long_term_debt_to_total_capital"),
        (
            "LT_Debt_to_Total_Capital",
            "long_term_debt_to_total_capital",
        ),
        (
            "longTermDebtToTotalCapital",
            "long_term_debt_to_total_capital",
        ),
        (
            "Long-term Debt / Capital",
            "long_term_debt_to_total_capital",
        ),
        (
            "Long-term debt / total capital",
            "long_term_debt_to_total_capital",
        ),
        (
            "long_term_debt_to_\u{200b}total_capital",
            "long_term_debt_to_total_capital",
        ),
        ("totalDebtToEBITDA", "total_debt_to_ebitda"),
        ("Total Debt / EBITDA (x)", "total_debt_to_ebitda"),
        ("Net_Income_Margin_%", "net_income_margin"),
        ("net_income_margin_pct", "net_income_margin"),
        ("EBIT / Interest Exp. (x)", "ebit_to_interest_expense"),
        ("ROA - Return On Assets", "return_on_assets"),
        ("return\u{a0}on\u{a0}assets", "return_on_assets"),
        ("  RETURN ON ASSETS ", "return_on_assets"),
    ] {
        assert_eq!(meant(Kind::Annual, name), Some(field), "{name:?}");
    }
    for (name, field) in [
        (
            "Inventory turnover (trailing twelve months)",
            "inventory_turnover",
        ),
        ("currentRatio", "current_ratio"),
        ("Total Debt/Equity", "debt_to_equity"),
        (
            "Working capital / total assets",
            "working_capital_to_total_assets",
        ),
    ] {
        assert_eq!(meant(Kind::Quarterly, name), Some(field), "{name:?}");
    }
}

#[test]
fn column_names_in_other_languages_are_recognized() {
    for (name, field) in [
        ("Geschäftsjahr", "reporting_year"),
        ("Jahr", "reporting_year"),
        ("Exercice", "reporting_year"),
        ("Año", "reporting_year"),
        ("Anno", "reporting_year"),
        ("Rok obrotowy", "reporting_year"),
        ("Exercício", "reporting_year"),
        ("Quartal", "reporting_quarter"),
        ("Trimestre", "reporting_quarter"),
        ("Kwartał", "reporting_quarter"),
        ("Unternehmen", "company_name"),
        ("Firma", "company_name"),
        ("Raison sociale", "company_name"),
        ("Razón social", "company_name"),
        ("Ragione sociale", "company_name"),
        ("Nazwa spółki", "company_name"),
        ("Razão Social", "company_name"),
        ("Börsenkürzel", "company_symbol"),
        ("Symbole", "company_symbol"),
        ("Símbolo", "company_symbol"),
        ("Land", "country"),
        ("Pays", "country"),
        ("País", "country"),
        ("Paese", "country"),
        ("Kraj", "country"),
        ("Sektor", "sector"),
        ("Secteur d'activité", "sector"),
        ("Settore", "sector"),
        ("Setor", "sector"),
        ("Branche", "industry"),
        ("Währung", "currency"),
    ] {
        assert_eq!(meant(Kind::Quarterly, name), Some(field), "{name:?}");
    }
}

#[test]
fn unit_of_amounts_belongs_to_market_values_alone() {
    for name in [
        "Market Cap ($M)",
        "Market Cap (USD bn)",
        "Market Cap (millions)",
        "Market Cap in millions",
        "market_cap_mm",
        "Mkt Cap [EUR mn]",
        "Market Capitalization [Latest] ($USDmm)",
    ] {
        assert_eq!(meant(Kind::Annual, name), Some("market_cap"), "{name:?}");
    }
    for name in ["ROA (M)", "ROA ($M)", "Interest coverage (millions)"] {
        assert_eq!(meant(Kind::Annual, name), None, "{name:?}");
    }
}

#[test]
fn similar_but_different_ratio_is_not_matched() {
    for name in [
        "Net Debt / EBITDA",
        "LT Debt / Equity",
        "Total Debt / Capital",
        "Return on Equity",
        "Operating Margin",
        "EBITDA / Interest Expense",
        "EBIT Margin",
    ] {
        assert_eq!(meant(Kind::Annual, name), None, "{name:?}");
    }
}

#[test]
fn unit_in_a_column_name_is_a_hint() {
    for (name, hint) in [
        ("ROA (%)", Some(RatioUnit::Percent)),
        ("roa_pct", Some(RatioUnit::Percent)),
        ("% ROA", Some(RatioUnit::Percent)),
        ("ROA [in percent]", Some(RatioUnit::Percent)),
        ("ROA (decimal)", Some(RatioUnit::Fraction)),
        ("ROA (LTM, %)", Some(RatioUnit::Percent)),
        ("ROA (in Prozent)", Some(RatioUnit::Percent)),
        ("ROA (FY)", None),
        ("ROA", None),
        ("Debt / EBITDA (x)", None),
    ] {
        assert_eq!(ColumnName::read(name).hint, hint, "{name:?}");
    }
    for name in [
        "ROA (‰)",
        "ROA [bp]",
        "roa_bps",
        "ROA (per mille)",
        "Return on Assets in basis points",
    ] {
        let read = ColumnName::read(name);
        assert!(read.is_other_unit && read.hint.is_none(), "{name:?}");
        assert_eq!(
            meant(Kind::Annual, name),
            Some("return_on_assets"),
            "{name:?}"
        );
    }
}

/// A name with two meanings would be matched by chance.
#[test]
fn no_synonym_means_two_fields() {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for synonym in synonyms() {
        let key = ColumnName::read(synonym.name).key;
        assert!(!key.is_empty(), "{}", synonym.name);
        let other = seen.insert(key, synonym.field);
        assert!(
            other.is_none_or(|field| field == synonym.field),
            "{} stands for {} and {other:?}",
            synonym.name,
            synonym.field
        );
        let known = [Kind::Annual, Kind::Quarterly]
            .iter()
            .any(|kind| Field::named(*kind, synonym.field).is_some());
        assert!(known, "{} is no field", synonym.field);
    }
}
