use super::*;

fn sources(environment: &[(&str, &str)]) -> Sources {
    let mut sources = Sources::default();
    for (name, value) in [("HOME", "/home/ada")].iter().chain(environment) {
        sources.environment.insert((*name).into(), (*value).into());
    }
    sources
}

fn faults(sources: &Sources) -> Vec<(String, String)> {
    let ConfigFaults(faults) = Config::load(sources).expect_err("a wrong configuration");
    faults
        .into_iter()
        .map(|fault| (fault.field.clone(), fault.to_string()))
        .collect()
}

#[test]
fn defaults_serve_on_this_machine_only() {
    let config = Config::load(&sources(&[])).expect("the defaults are right");
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert!(config.database_url.is_none());
    assert_eq!(config.db_pools.total(), 16);
    assert_eq!(config.max_upload_bytes, 536_870_912);
    assert_eq!(config.postgres.settings["shared_buffers"], "256MB");
    assert_eq!(config.postgres.settings["max_connections"], "100");
    assert!(config.files_url.expose().ends_with("/accunode/files/"));
}

#[test]
fn flags_override_environment_file_and_defaults_in_that_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("accunode.toml");
    let text = r#"
        listen = "127.0.0.1:1"
        db_pool_size = 31
        max_upload_bytes = "2MiB"
        [postgres.settings]
        work_mem = "1MB"
        shared_buffers = "64MB"
        jit = false
        "pg_stat_statements.max" = 500
    "#;
    std::fs::write(&file, text).expect("written");
    let path = file.to_str().expect("UTF-8").to_owned();
    let mut sources = sources(&[
        ("ACCUNODE_CONFIG", &path),
        ("ACCUNODE_LISTEN", "127.0.0.1:2"),
        ("ACCUNODE_DB_POOL_SIZE", "32"),
        ("ACCUNODE_POSTGRES_SETTINGS_WORK_MEM", "2MB"),
        ("ACCUNODE_LOG", ""),
    ]);
    sources.flags.push(("listen".into(), "127.0.0.1:3".into()));
    let config = Config::load(&sources).expect("a right configuration");

    assert_eq!(config.listen.to_string(), "127.0.0.1:3");
    assert_eq!(config.db_pools.total(), 32);
    assert_eq!(config.max_upload_bytes, 2 * 1024 * 1024);
    assert_eq!(config.log, "info", "an empty variable counts as not set");
    let settings = &config.postgres.settings;
    assert_eq!(settings["work_mem"], "2MB");
    assert_eq!(settings["shared_buffers"], "64MB");
    assert_eq!(settings["maintenance_work_mem"], "64MB");
    assert_eq!(settings["jit"], "false");
    assert_eq!(settings["pg_stat_statements.max"], "500");
}

#[test]
fn every_configuration_fault_is_reported_with_field_value_and_rule() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("accunode.toml");
    std::fs::write(&file, "lisen = 1\nworkers = 0\nregistration = [1]").expect("written");
    let mut sources = sources(&[
        ("ACCUNODE_LISTEN", "8080"),
        ("ACCUNODE_DB_POOL_SIZE", "many"),
        ("DATABASE_URL", "mysql://root:pa55@db/x"),
        ("REDIS_URL", "http://:pa55@cache"),
        ("ACCUNODE_LOG_FORMAT", "xml"),
        ("ACCUNODE_POSTGRES_SETTINGS_PORT", "5433"),
    ]);
    sources.file = Some(file.clone());
    sources.flags.push(("files_url".into(), "ftp://x".into()));

    let found = faults(&sources);
    let fields: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
    let mut expected = vec![
        "lisen",
        "files_url",
        "redis_url",
        "listen",
        "database_url",
        "db_pool_size",
        "registration",
        "workers",
        "log_format",
        "postgres.settings.port",
    ];
    expected.sort_unstable();
    let mut sorted = fields.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    let fault_of = |field: &str| {
        let fault = found.iter().find(|(name, _)| name == field);
        fault.expect("named").1.clone()
    };
    assert_eq!(
        fault_of("listen"),
        "listen = \"8080\" (from ACCUNODE_LISTEN): must be an address and a port, such as 127.0.0.1:8080 or [::]:8080"
    );
    assert_eq!(
        fault_of("workers"),
        format!(
            "workers = \"0\" (from {}): must be a number of threads from 1 to 1024",
            file.display()
        )
    );
    assert!(fault_of("files_url").contains("the command line"));
    assert!(
        !found.iter().any(|(_, text)| text.contains("pa55")),
        "{found:?}"
    );
}

#[test]
fn pinned_model_setting_needs_name_and_version() {
    let config = Config::load(&sources(&[("ACCUNODE_MODEL_ANNUAL", "own@2.0.0")]));
    let config = config.expect("a right configuration");
    assert!(
        config
            .to_toml()
            .expect("printable")
            .contains("model_annual = \"own@2.0.0\"")
    );
    assert!(config.model_quarterly.is_none());
    assert!(config.target_default_rate_quarterly.is_none());
    let found = faults(&sources(&[("ACCUNODE_MODEL_QUARTERLY", "own 2.0.0")]));
    assert_eq!(
        found[0].1,
        "model_quarterly = \"own 2.0.0\" (from ACCUNODE_MODEL_QUARTERLY): must be a model's name and version, such as annual@1.0.0"
    );
}

#[test]
fn accunode_database_url_overrides_database_url() {
    let config = Config::load(&sources(&[
        ("DATABASE_URL", "postgres://a@common/x"),
        ("ACCUNODE_DATABASE_URL", "postgres://a@own/x"),
    ]))
    .expect("a right configuration");
    assert_eq!(
        config.database_url.expect("given").expose(),
        "postgres://a@own/x"
    );
}

#[test]
fn further_urls_without_database_url_are_refused() {
    for name in [
        "ACCUNODE_DIRECT_DATABASE_URL",
        "ACCUNODE_OWNER_DATABASE_URL",
        "ACCUNODE_READ_DATABASE_URL",
    ] {
        let found = faults(&sources(&[(name, "postgres://accunode_owner:pa55@db/x")]));
        assert_eq!(found.len(), 1, "{name}");
        assert!(found[0].1.contains("needs database_url"), "{name}");
        assert!(!found[0].1.contains("pa55"), "{name}");
    }
}

#[test]
fn inconsistent_redis_settings_are_named() {
    let found = |variables: &[(&str, &str)]| {
        let found = faults(&sources(variables));
        found.into_iter().next().expect("a fault").1
    };
    let sentinels = ("ACCUNODE_REDIS_SENTINELS", "redis://:5entinel@s1:26379");
    let cluster = ("ACCUNODE_REDIS_CLUSTER", "true");
    assert!(found(&[sentinels]).starts_with("redis_sentinels"));
    assert!(found(&[sentinels]).contains("needs redis_url"));
    assert!(found(&[cluster]).starts_with("redis_cluster"));
    let both = found(&[("REDIS_URL", "redis://mymaster"), sentinels, cluster]);
    assert!(both.contains("redis_sentinels"), "{both}");
    let port = found(&[("REDIS_URL", "redis://:pa55@mymaster:6379"), sentinels]);
    assert!(
        port.starts_with("redis_url") && port.contains("without a port"),
        "{port}"
    );
    assert!(!port.contains("pa55"), "{port}");
    let database = found(&[("REDIS_URL", "redis://n1/2"), cluster]);
    assert!(database.contains("without a database"), "{database}");
    let sentinel = ("ACCUNODE_REDIS_SENTINELS", "s1:26379");
    let sentinel = found(&[("REDIS_URL", "redis://mymaster"), sentinel]);
    assert!(sentinel.starts_with("redis_sentinels"), "{sentinel}");
}

#[test]
fn several_redis_urls_are_printed_without_passwords() {
    for variables in [
        [
            ("REDIS_URL", "redis://:pa55@n1:7000,redis://:pa55@n2:7000"),
            ("ACCUNODE_REDIS_CLUSTER", "true"),
        ],
        [
            ("REDIS_URL", "rediss://ada:pa55@mymaster/1"),
            (
                "ACCUNODE_REDIS_SENTINELS",
                "redis://:pa55@s1,redis://:pa55@s2",
            ),
        ],
    ] {
        let config = Config::load(&sources(&variables)).expect("a valid configuration");
        let text = config.to_toml().expect("printable");
        assert!(!format!("{text}{config:?}").contains("pa55"), "{text}");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("printed.toml");
        std::fs::write(&file, &text).expect("written");
        let mut again = sources(&[]);
        again.file = Some(file);
        let again = Config::load(&again).expect("what is printed can be read");
        assert_eq!(again.to_toml().expect("printable"), text);
    }
}

#[test]
fn missing_or_malformed_configuration_file_is_refused() {
    let mut missing = sources(&[]);
    missing.file = Some("/nowhere/accunode.toml".into());
    assert!(faults(&missing)[0].1.contains("cannot be read"));

    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("accunode.toml");
    std::fs::write(&file, "listen =").expect("written");
    let mut broken = sources(&[]);
    broken.file = Some(file);
    assert!(faults(&broken)[0].1.contains("is not TOML"));
}

#[test]
fn printed_configuration_is_valid_and_without_secrets() {
    let config = Config::load(&sources(&[
        ("DATABASE_URL", "postgres://app:pa55@db/x"),
        ("REDIS_URL", "rediss://ada:pa55@cache/2"),
        ("ACCUNODE_DATA_DIR", "/srv/accunode"),
        ("ACCUNODE_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1"),
    ]))
    .expect("a right configuration");
    let text = config.to_toml().expect("printable");
    assert!(
        !text.contains("pa55") && !format!("{config:?}").contains("pa55"),
        "{text}"
    );
    assert!(
        text.contains("database_url = \"postgres://app:hidden@db/x\""),
        "{text}"
    );
    assert!(
        text.contains("redis_url = \"rediss://ada:hidden@cache/2\""),
        "{text}"
    );

    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("printed.toml");
    std::fs::write(&file, &text).expect("written");
    let mut again = sources(&[]);
    again.file = Some(file);
    let again = Config::load(&again).expect("what is printed can be read");
    assert_eq!(again.to_toml().expect("printable"), text);
}

#[test]
fn data_folder_is_system_wide_for_root_and_personal_otherwise() {
    let ada = sources(&[]);
    assert_eq!(
        default_data_dir(&ada, true),
        Some("/var/lib/accunode".into())
    );
    assert_eq!(
        default_data_dir(&ada, false),
        Some("/home/ada/.local/share/accunode".into())
    );
    let xdg = sources(&[("XDG_DATA_HOME", "/data/ada")]);
    assert_eq!(
        default_data_dir(&xdg, false),
        Some("/data/ada/accunode".into())
    );
    assert_eq!(default_data_dir(&Sources::default(), false), None);
}

#[test]
fn sizes_are_parsed_in_bytes_or_binary_units() {
    assert_eq!(parse_bytes("1024"), Some(1024));
    assert_eq!(parse_bytes("512MiB"), Some(536_870_912));
    assert_eq!(parse_bytes("1 GiB"), Some(1_073_741_824));
    for wrong in ["", "MiB", "1.5GiB", "-1", "1MB", "99999999999999999999"] {
        assert_eq!(parse_bytes(wrong), None, "{wrong}");
    }
}

#[test]
fn without_smtp_links_point_to_this_machine() {
    let config = Config::load(&sources(&[("ACCUNODE_LISTEN", "0.0.0.0:9090")]));
    let config = config.expect("a right configuration");
    assert!(config.smtp_url.is_none());
    assert_eq!(config.public_url, "http://127.0.0.1:9090");
}

#[test]
fn smtp_needs_a_sender_and_a_public_url() {
    let url = ("ACCUNODE_SMTP_URL", "smtps://ana:pa55@mail.example");
    let found = faults(&sources(&[url]));
    let fields: Vec<_> = found.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["mail_from", "public_url"]);

    let config = Config::load(&sources(&[
        url,
        ("ACCUNODE_MAIL_FROM", "AccuNode <noreply@bank.example>"),
        ("ACCUNODE_PUBLIC_URL", "https://risk.bank.example/"),
    ]))
    .expect("a right configuration");
    assert_eq!(config.public_url, "https://risk.bank.example");
    let text = config.to_toml().expect("printable");
    assert!(text.contains("smtps://ana:hidden@mail.example"), "{text}");
    assert!(
        text.contains("mail_from = \"AccuNode <noreply@bank.example>\""),
        "{text}"
    );
}

#[test]
fn smtp_password_without_tls_is_refused_and_not_shown() {
    let found = faults(&sources(&[
        ("ACCUNODE_SMTP_URL", "smtp://ana:pa55@mail.example?tls=none"),
        ("ACCUNODE_PUBLIC_URL", "risk.bank.example"),
        ("ACCUNODE_MAIL_FROM", "accunode"),
    ]));
    let fields: Vec<_> = found.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["smtp_url", "mail_from", "public_url"]);
    assert!(
        !found.iter().any(|(_, text)| text.contains("pa55")),
        "{found:?}"
    );
}
