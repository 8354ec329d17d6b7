//! Identities: addresses, passwords, profiles, secrets, keys and second factors.

use accunode_domain::{
    Timestamp,
    access::KeyScope,
    api_key::{ApiKey, KeyTerms, looks_like_key, overlap, shown_prefix},
    audit::{AuditAction, AuditEvent},
    fault::Fault,
    id::{ApiKeyId, UserId},
    second_factor::{Code, RecoveryCode},
    secret::Secret,
    user::{Email, Password, Profile, Role},
};
use time::Duration;
use uuid::Uuid;

use crate::host;

#[test]
fn email_address_has_a_valid_local_part_and_dotted_host() {
    let longest = format!("{}@x.com", "n".repeat(64));
    assert!(Email::parse("/email", &longest).is_ok());
    assert!(Email::parse("/email", &format!("n{longest}")).is_err());
    let address = |length: usize| format!("n@{}", host(length - 2));
    assert!(Email::parse("/email", &address(255)).is_ok());
    assert!(Email::parse("/email", &address(256)).is_err());
    for good in ["a.b+c@x-y.example", "o'neil@x.com", "_a@x.1b", "7@x.com"] {
        assert_eq!(Email::parse("/email", good).unwrap().as_str(), good);
    }
    for bad in [
        "a@x-.com",
        "a@.com",
        "a@x.",
        "a@x_y.com",
        "a\u{7f}@x.com",
        "a(b@x.com",
        "a\"b@x.com",
        "a,b@x.com",
        "a\\b@x.com",
        "=1+1@x.com",
        "+a@x.com",
        "-a@x.com",
        "@x.com",
        "'a@x.com",
        "＝1@x.com",
        ".a@x.com",
        "a.@x.com",
        "a..b@x.com",
        "a@127.0.0.1",
        "a@x.1",
    ] {
        let fault = Email::parse("/to", bad).unwrap_err();
        assert_eq!((&*fault.pointer, &*fault.code), ("/to", "invalid_email"));
        assert!(!fault.detail.contains(bad), "{bad:?} is repeated");
    }
    assert_eq!(Email::from_stored("A".to_owned()).as_str(), "A");
}

#[test]
fn a_password_has_10_to_128_characters_and_is_not_the_address() {
    let email = Email::parse("/email", "ana@example.com").unwrap();
    let check = |value: &str| Password::new("/password", value, &email);
    let text = "ab".repeat(64);
    for length in [10, 128] {
        assert_eq!(check(&text[..length]).unwrap().expose(), &text[..length]);
    }
    assert!(
        check(&text[..9])
            .unwrap_err()
            .detail
            .contains("at least 10")
    );
    let long = check(&format!("{text}a")).unwrap_err();
    assert!(long.detail.contains("at most 128"), "{}", long.detail);
    assert!(
        check("ANA@Example.com")
            .unwrap_err()
            .detail
            .contains("address")
    );
    assert!(check("ééééééééééé").unwrap_err().detail.contains("repeats"));
    // A short local part of an address is not compared with the password.
    assert!(check("ana ana ana ana").is_ok());
    assert_eq!(Password::attempt("x").unwrap().expose(), "x");
    let shown = format!("{:?}", check(&text[..10]).unwrap());
    assert_eq!(shown, "Password(…)");
}

#[test]
fn roles_between_user_and_super_admin_need_an_organization() {
    let needing: Vec<Role> = Role::ALL
        .into_iter()
        .filter(|role| role.needs_organization())
        .collect();
    assert_eq!(
        needing,
        [Role::OrgMember, Role::OrgAdmin, Role::TenantAdmin]
    );
}

#[test]
fn user_profile_is_trimmed_and_faults_do_not_repeat_input() {
    let mut faults = Vec::new();
    let profile = Profile::parse(Some(" Ana "), None, Some("+48 1"), &mut faults);
    assert_eq!(profile.first_name.as_deref(), Some("Ana"));
    assert_eq!(profile.last_name, None);
    assert_eq!(profile.phone.as_deref(), Some("+48 1"));
    assert_eq!(faults, []);

    let secret = "correct horse battery ".repeat(5);
    let dirty = "correct\u{7}horse";
    Profile::parse(Some(&secret), Some(dirty), Some(" "), &mut faults);
    let found: Vec<(&str, &str)> = faults.iter().map(|f| (&*f.pointer, &*f.code)).collect();
    assert_eq!(
        found,
        [
            ("/first_name", "too_long"),
            ("/last_name", "control_character"),
            ("/phone", "required")
        ]
    );
    let repeats = |fault: &Fault| fault.detail.contains("horse");
    assert!(!faults.iter().any(repeats), "{faults:?}");
}

#[test]
fn names_have_at_most_100_characters_and_phone_numbers_20() {
    let parse = |name: usize, phone: usize| {
        let mut faults = Vec::new();
        let (name, phone) = ("n".repeat(name), "1".repeat(phone));
        Profile::parse(Some(&name), Some(&name), Some(&phone), &mut faults);
        faults.len()
    };
    assert_eq!(parse(100, 20), 0);
    assert_eq!(parse(101, 20), 2);
    assert_eq!(parse(100, 21), 1);
}

#[test]
fn secret_hash_is_sha_256() {
    // The example from FIPS 180-2.
    assert_eq!(
        Secret::shown(" abc\n").hash().as_str(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    let secret = Secret::from_random("at", [0x0f; 32]);
    assert_eq!(secret.expose(), format!("at_{}", "0f".repeat(32)));
}

#[test]
fn recovery_code_encodes_five_bits_per_character() {
    assert_eq!(
        RecoveryCode::from_random([0; 32]).expose(),
        "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA"
    );
    assert_eq!(
        RecoveryCode::from_random([0xff; 32]).expose(),
        "9999-9999-9999-9999-9999-9999"
    );
    // A 1 in the lowest bits of the first 120, which the first character shows.
    let mut bits = [0; 32];
    bits[14] = 1;
    assert_eq!(
        RecoveryCode::from_random(bits).expose(),
        "BAAA-AAAA-AAAA-AAAA-AAAA-AAAA"
    );
    // Bits after the first 120 are ignored.
    bits[15] = 0xff;
    assert_eq!(
        RecoveryCode::from_random(bits).expose(),
        "BAAA-AAAA-AAAA-AAAA-AAAA-AAAA"
    );
    let mut bits = [0; 32];
    bits[0] = 0b1000_0000;
    bits[13] = 0b0000_0100;
    assert_eq!(
        RecoveryCode::from_random(bits).expose(),
        "AABA-AAAA-AAAA-AAAA-AAAA-AAAS"
    );
    assert_eq!(
        format!("{:?}", RecoveryCode::from_random(bits)),
        "RecoveryCode(…)"
    );
}

#[test]
fn a_recovery_code_is_hashed_without_its_hyphens() {
    let code = RecoveryCode::from_random([0; 32]);
    assert_eq!(code.hash(), Secret::shown(&"A".repeat(24)).hash());
}

#[test]
fn only_six_digits_are_a_totp_code() {
    assert_eq!(Code::typed("123-456").kind(), "totp");
    for text in ["1234567", "12345x", "", "١٢٣٤٥٦"] {
        assert_eq!(Code::typed(text).kind(), "recovery_code", "{text:?}");
    }
    let shown = format!("{:?} {:?}", Code::typed("123456"), Code::typed("x"));
    assert_eq!(shown, "Code(totp) Code(recovery_code)");
    // A code with one character too many must not be truncated until it fits.
    let code = RecoveryCode::from_random([0; 32]);
    let longer = format!("{}A", code.expose());
    assert_ne!(Code::typed(&longer), Code::Recovery(code));
}

fn key() -> ApiKey {
    ApiKey {
        id: ApiKeyId(Uuid::from_u128(1)),
        owner: UserId(Uuid::from_u128(2)),
        organization: None,
        name: "nightly".to_owned(),
        prefix: "ak_abababab".to_owned(),
        scopes: vec![KeyScope::Read],
        expires_at: None,
        last_used_at: None,
        previous_until: None,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn key_expires_at_its_expiry_time_or_never() {
    let end = Timestamp::UNIX_EPOCH + Duration::DAY;
    assert!(!key().has_expired(end));
    let ending = ApiKey {
        expires_at: Some(end),
        ..key()
    };
    assert!(!ending.has_expired(end - Duration::NANOSECOND));
    assert!(ending.has_expired(end));
    assert!(ending.has_expired(end + Duration::NANOSECOND));
}

#[test]
fn key_use_is_recorded_at_most_once_a_minute() {
    let used = Timestamp::UNIX_EPOCH;
    assert!(key().note_use(used));
    let noted = ApiKey {
        last_used_at: Some(used),
        ..key()
    };
    assert!(!noted.note_use(used + Duration::seconds(59)));
    assert!(noted.note_use(used + Duration::seconds(60)));
}

#[test]
fn key_expiry_must_be_in_the_future_and_overlap_within_a_week() {
    let now = Timestamp::UNIX_EPOCH;
    let terms = |at| KeyTerms::check("k", &[KeyScope::Read], None, at, now);
    let later = Some(now + Duration::NANOSECOND);
    assert_eq!(terms(later).unwrap().expires_at, later);
    assert!(terms(Some(now)).is_err() && terms(Some(now - Duration::SECOND)).is_err());
    let fault = overlap(Some(604_801)).unwrap_err();
    assert_eq!(fault.pointer, "/overlap_seconds");
    assert!(fault.detail.contains("604801"), "{}", fault.detail);
    assert_eq!(shown_prefix(&Secret::shown("ak_1")), "ak_1");
    assert!(looks_like_key("ak_1"));
    assert!(!looks_like_key("ak") && !looks_like_key("at_1"));
}

#[test]
fn new_audit_event_has_only_type_entity_and_action() {
    let event = AuditEvent::new("company.created", "company", AuditAction::Create);
    assert_eq!(event.event_type, "company.created");
    assert_eq!(event.entity_type, "company");
    assert_eq!(event.action, AuditAction::Create);
    assert_eq!(event.metadata, serde_json::json!({}));
    assert_eq!(
        (event.user, event.entity_id, event.organization),
        (None, None, None)
    );
}

#[test]
fn an_id_is_shown_as_its_uuid() {
    let id = Uuid::from_u128(0xa5);
    assert_eq!(UserId::from(id).to_string(), id.to_string());
}
