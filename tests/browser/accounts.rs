//! How users get an account and keep it safe: invitations, join links, registering, a forgotten
//! password, a second factor.

use std::time::{SystemTime, UNIX_EPOCH};

use accunode::commands::seed::DEMO_PASSWORD;
use accunode_tests::{PASSWORD, Postbox, Service};
use serde_json::json;
use totp_rs::{Builder, Secret};

use crate::{
    kit::Browser,
    pages::{demo, first},
};

const CORPORATE: &str = "row.name.startsWith('Corporate')";
/// The organization's name with HTML, which every page must show as text.
const NAME: &str = "Corporate <img src=x onerror=alert(1)> Lending";

/// Returns how many elements the HTML in [`NAME`] made: none.
async fn images(browser: &Browser) -> serde_json::Value {
    let script = "return document.querySelectorAll('img[src=x]').length";
    browser.run(script, vec![]).await
}

/// Invites an address to the organization, whose page is open in `browser`, and returns the
/// address of the mail's link below the service's own.
async fn invite(service: &Service, browser: &Browser, view: &str, email: &str) -> String {
    browser.go(&format!("{view}?tab=invitations")).await;
    browser.click("Invite").await;
    browser.fill("E-mail address", email).await;
    browser.is_accessible_in_both_themes("inviting").await;
    browser.click("Invite").await;
    let sent = format!("An invitation to {email} is on its way");
    browser.see(&sent).await;
    let mail = service.last_mail_to(email).await;
    let link = format!("accept-invitation#token={}", mail.token());
    assert!(mail.text.contains(&format!("/{link}")), "{}", mail.text);
    link
}

#[tokio::test]
async fn invited_newcomer_accepts_by_the_link_of_the_mail_and_is_a_member() {
    let service = demo().await;
    let petra = Browser::open(&service).await;
    petra.sign_in("petra@demo.example", DEMO_PASSWORD).await;
    let at = first(&petra, "/organizations", "/organizations/", CORPORATE).await;
    petra.go(&format!("{at}?tab=settings")).await;
    petra.fill("Name", NAME).await;
    petra.click("Save").await;
    petra.see("Saved.").await;
    let link = invite(&service, &petra, &at, "nora@demo.example").await;
    petra.see("pending").await;

    let nora = Browser::open(&service).await;
    nora.visit(&link).await;
    for shown in [
        "Accept the invitation",
        NAME,
        "Member",
        "petra@demo.example",
        "nora@demo.example",
    ] {
        nora.see(shown).await;
    }
    let shown = nora.run("return location.href", vec![]).await;
    assert!(!shown.to_string().contains("token"), "{shown}");
    nora.is_accessible_in_both_themes("an invitation").await;
    nora.fill("Password", "password12").await;
    nora.click("Accept").await;
    nora.see("That did not work").await;
    nora.fill("Password", PASSWORD).await;
    nora.fill("First name", "Nora").await;
    nora.click("Accept").await;
    nora.see("You are a member of").await;
    nora.is_accessible_in_both_themes("an accepted invitation")
        .await;
    nora.click("Sign in").await;
    nora.sign_in("nora@demo.example", PASSWORD).await;
    nora.go("/organization").await;
    nora.see(NAME).await;
    nora.go("/companies?q=ALAA").await;
    nora.see("ALAA").await;
    assert_eq!(images(&nora).await, json!(0));
    nora.is_quiet("a new member's pages").await;

    petra.go(&format!("{at}?tab=invitations&again=1")).await;
    petra.client.refresh().await.expect("to load again");
    petra.see("accepted").await;
    assert_eq!(images(&petra).await, json!(0));
    petra.is_quiet("the administrator's pages").await;
    // The link is used up.
    nora.visit(&link).await;
    nora.see("That did not work").await;
    nora.is_quiet("a used link").await;
}

#[tokio::test]
async fn invitation_for_another_account_asks_to_sign_in_with_that_one() {
    let service = demo().await;
    let petra = Browser::open(&service).await;
    petra.sign_in("petra@demo.example", DEMO_PASSWORD).await;
    let at = first(&petra, "/organizations", "/organizations/", CORPORATE).await;
    let link = invite(&service, &petra, &at, "guest@demo.example").await;

    petra.visit(&link).await;
    petra.see("the invitation is for another address").await;
    petra
        .is_accessible_in_both_themes("another's invitation")
        .await;
    petra.click("Sign out and go on").await;
    petra.see("Sign in to accept").await;
    petra.fill("E-mail address", "guest@demo.example").await;
    petra.fill("Password", DEMO_PASSWORD).await;
    petra.click("Sign in").await;
    petra.see("You are signed in as guest@demo.example").await;
    petra.click("Accept").await;
    petra.see("You are a member of Corporate Lending").await;
    petra.click("To the console").await;
    petra.see("Signed in as Gil Guest").await;
    petra.see("Member · account").await;
    petra.is_quiet("an accepted invitation").await;
}

#[tokio::test]
async fn holder_of_a_join_link_signs_in_and_joins() {
    let service = demo().await;
    let mira = Browser::open(&service).await;
    mira.sign_in("mira@demo.example", DEMO_PASSWORD).await;
    mira.go("/organization?tab=settings").await;
    mira.fill("Who may join", "token").await;
    mira.click("Save").await;
    mira.see("Saved.").await;
    mira.go("/organization?tab=joining").await;
    mira.click("New token").await;
    mira.see("This is the only time that it is shown").await;
    mira.is_accessible_in_both_themes("a join link").await;
    let link = "return document.querySelector('.copy code').innerText.split('/').at(-1)";
    let link = mira.run(link, vec![]).await;
    let link = link.as_str().expect("a link");
    assert!(link.starts_with("join#token="), "{link}");

    let guest = Browser::open(&service).await;
    guest.visit(link).await;
    guest.see("Sign in to join").await;
    guest.fill("E-mail address", "guest@demo.example").await;
    guest.fill("Password", DEMO_PASSWORD).await;
    guest.click("Sign in").await;
    guest.see("You join as guest@demo.example").await;
    guest.is_accessible_in_both_themes("joining").await;
    guest.click("Join").await;
    guest.see("You are a member now").await;
    guest.click("To the console").await;
    guest.see("Overview").await;
    guest.go("/organization").await;
    guest.see("Small Business").await;
    guest.is_quiet("a joined organization").await;
}

/// A service that sends its mails, so that addresses must be confirmed, to a mailbox.
async fn with_mails() -> (Postbox, Service) {
    let postbox = Postbox::start().await;
    let mut options = postbox.options();
    // The browser visits the service itself, and not the address of a proxy.
    options.settings.retain(|(name, _)| name != "public_url");
    let service = Service::with(options.with("public_url", "http://127.0.0.1:8080")).await;
    (postbox, service)
}

#[tokio::test]
async fn newcomer_registers_confirms_the_address_and_replaces_a_forgotten_password() {
    let (postbox, service) = with_mails().await;
    let browser = Browser::open(&service).await;
    browser.click("Register").await;
    browser.fill("E-mail address", "nora@example.com").await;
    browser.fill("Password", "short").await;
    browser.is_accessible_in_both_themes("registering").await;
    browser.click("Register").await;
    browser.see("10 characters").await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Register").await;
    browser.see("A mail with a link is on its way").await;
    browser.click("Back to sign in").await;
    browser.fill("E-mail address", "nora@example.com").await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Sign in").await;
    browser
        .see("Send the mail for confirming the address again")
        .await;
    service.mails_sent().await;
    let mail = postbox.mails_to("nora@example.com");
    let token = mail.last().expect("a mail").token();
    browser.visit(&format!("verify-email#token={token}")).await;
    browser.click("Confirm").await;
    browser.see("Your address is confirmed").await;

    browser.visit("").await;
    browser.sign_in("nora@example.com", PASSWORD).await;
    browser.click("Sign out").await;
    browser.see("Sign in").await;
    browser.click("Forgotten your password?").await;
    browser.fill("E-mail address", "nora@example.com").await;
    browser
        .is_accessible_in_both_themes("a forgotten password")
        .await;
    browser.click("Send a link").await;
    browser.see("a mail with a link is on its way").await;
    service.mails_sent().await;
    let mails = postbox.mails_to("nora@example.com");
    let mail = mails
        .iter()
        .rfind(|mail| mail.text.contains("reset-password"));
    let token = mail.expect("a mail").token();
    browser
        .visit(&format!("reset-password#token={token}"))
        .await;
    browser
        .fill("New password", "another long passphrase")
        .await;
    browser.click("Set password").await;
    browser.see("Your password is set").await;
    browser.visit("").await;
    browser
        .sign_in("nora@example.com", "another long passphrase")
        .await;
    browser.is_quiet("a new account").await;
}

/// Returns the code that a device with this secret shows now.
#[expect(
    clippy::disallowed_methods,
    reason = "the device has a clock of its own, as everyone's has"
)]
fn code_of(secret: &str) -> String {
    let secret = Secret::try_from_base32(secret).expect("base32");
    let device = Builder::new().with_secret(secret).build();
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("a time").as_secs();
    device.expect("a secret").generate(now).to_string()
}

#[tokio::test]
async fn second_factor_is_enrolled_by_its_secret_and_then_required() {
    let service = Service::start().await;
    service.user("ana").await;
    let browser = Browser::open(&service).await;
    browser.sign_in("ana@example.com", PASSWORD).await;
    browser.go("/account?tab=security").await;
    browser.see("You have none").await;
    browser.click("Set one up").await;
    browser.see("Keep these recovery codes").await;
    // A QR code has both colours.
    let drawn = r"
        const canvas = document.querySelector('canvas.qr');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return new Set(data.filter((_, at) => at % 4 === 0)).size === 2";
    browser.until("the QR code is drawn", drawn, vec![]).await;
    browser.is_accessible_in_both_themes("an enrolment").await;
    let shown = "return document.querySelector('.copy code').innerText";
    let secret = browser.run(shown, vec![]).await;
    let recovery = "return document.querySelector('.codes li').innerText";
    let recovery = browser.run(recovery, vec![]).await;
    browser.fill("3. The code", "000000").await;
    browser.click("Confirm").await;
    browser.see("That did not work").await;
    let secret = secret.as_str().expect("a secret");
    browser.fill("3. The code", &code_of(secret)).await;
    browser.click("Confirm").await;
    browser.see("Your second factor is active").await;

    browser.click("Sign out").await;
    browser.fill("E-mail address", "ana@example.com").await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Sign in").await;
    browser.see("Second factor").await;
    browser
        .is_accessible_in_both_themes("the second factor")
        .await;
    browser
        .fill("Code", recovery.as_str().expect("a code"))
        .await;
    browser.click("Sign in").await;
    browser.see("Overview").await;
    browser.is_quiet("a second factor").await;
}
