//! A browser that a test controls. Elements are found as a user finds them: by the text of a
//! button, link or label.

use std::{
    net::TcpListener,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

use accunode_tests::{Service, TestUser};
use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource, KeyAction, KeyActions},
    wd::{Capabilities, WebDriverCompatibleCommand},
};
use hyper_util::client::legacy::connect::HttpConnector;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// How long a page may take to show the expected content.
const TIMEOUT: Duration = Duration::from_secs(15);
const AXE: &str = include_str!("vendor/axe.min.js");
/// Messages that are only informative, or that the tests cause on purpose: refused requests.
const EXPECTED: [&str; 1] = ["the server responded with a status of"];

/// A browser with an empty profile that uses a service.
pub(crate) struct Browser {
    pub(crate) client: Client,
    base: String,
    driver: Child,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver does not end its browser, which is in the same process group.
        if let Ok(id) = i32::try_from(self.driver.id()) {
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
        let _ = self.driver.wait();
    }
}

impl Browser {
    /// Opens the console of a service.
    pub(crate) async fn open(service: &Service) -> Self {
        let anonymous: TestUser = service.anonymous();
        let base = anonymous.url("//");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver; `make browser` installs it");
        let wanted = json!({
            "goog:chromeOptions": { "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--lang=en-GB", "--window-size=1440,900", "--hide-scrollbars",
            ] },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(wanted) = wanted else {
            unreachable!()
        };
        let wanted: Capabilities = wanted;
        let address = format!("http://127.0.0.1:{port}");
        let began = Instant::now();
        let client = loop {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            match builder.capabilities(wanted.clone()).connect(&address).await {
                Ok(client) => break client,
                Err(error) if began.elapsed() > TIMEOUT => panic!("no browser: {error}"),
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        };
        let browser = Self {
            client,
            base,
            driver,
        };
        browser
            .client
            .goto(&browser.base)
            .await
            .expect("the console");
        browser
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) {
        self.fill("E-mail address", email).await;
        self.fill("Password", password).await;
        self.click("Sign in").await;
        self.see("Overview").await;
    }

    /// Opens a view, as if its address had been typed.
    pub(crate) async fn go(&self, view: &str) {
        let _ = self
            .run("location.hash = arguments[0]", vec![json!(view)])
            .await;
        self.settled().await;
    }

    pub(crate) async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client
            .execute(script, arguments)
            .await
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until nothing is loading.
    pub(crate) async fn settled(&self) {
        sleep(Duration::from_millis(150)).await;
        self.until(
            "nothing is loading",
            "return !document.querySelector('.skeleton, [aria-busy]')",
            vec![],
        )
        .await;
    }

    pub(crate) async fn until(&self, what: &str, script: &str, arguments: Vec<Value>) {
        let began = Instant::now();
        loop {
            let found = self.client.execute(script, arguments.clone()).await;
            if matches!(&found, Ok(Value::Bool(true))) {
                return;
            }
            if began.elapsed() > TIMEOUT {
                let text = self.run("return document.body.innerText", vec![]).await;
                panic!(
                    "waited in vain until {what}; the page says:\n{}",
                    text.as_str().unwrap_or_default()
                );
            }
            sleep(Duration::from_millis(80)).await;
        }
    }

    /// Waits until the page shows this text.
    pub(crate) async fn see(&self, words: &str) {
        let script = "return document.body.innerText.includes(arguments[0]) || document.title.includes(arguments[0])";
        self.until(&format!("it shows {words:?}"), script, vec![json!(words)])
            .await;
    }

    pub(crate) async fn shows(&self, words: &str) -> bool {
        let script = "return document.body.innerText.includes(arguments[0])";
        self.run(script, vec![json!(words)]).await == json!(true)
    }

    /// Clicks the button, link or label with this text, in the topmost dialog if one is open.
    pub(crate) async fn click(&self, words: &str) {
        let script = r"
            const all = (root) => [...root.querySelectorAll('button, a, summary, label')].filter((e) => e.offsetParent !== null && !e.disabled);
            const named = (e) => (e.getAttribute('aria-label') || e.innerText || '').trim();
            const dialog = [...document.querySelectorAll('dialog[open]')].at(-1);
            const found = all(dialog ?? document);
            const hit = found.find((e) => named(e) === arguments[0]) ?? found.find((e) => named(e).startsWith(arguments[0]));
            if (!hit) return false;
            hit.click();
            return true;";
        self.until(
            &format!("there is {words:?} to click"),
            script,
            vec![json!(words)],
        )
        .await;
    }

    /// Types into the field with this label.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let script = r"
            const root = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;
            const hit = [...root.querySelectorAll('label')].find((e) => e.innerText.trim().startsWith(arguments[0]));
            const field = hit ? document.getElementById(hit.htmlFor) : root.querySelector(`[aria-label='${arguments[0]}']`);
            if (!field) return false;
            const kind = [HTMLSelectElement, HTMLTextAreaElement].find((one) => field instanceof one) ?? HTMLInputElement;
            Object.getOwnPropertyDescriptor(kind.prototype, 'value').set.call(field, arguments[1]);
            field.dispatchEvent(new Event('input', { bubbles: true }));
            field.dispatchEvent(new Event('change', { bubbles: true }));
            return true;";
        self.until(
            &format!("there is a field {label:?}"),
            script,
            vec![json!(label), json!(text)],
        )
        .await;
    }

    /// Selects a file in the only file field.
    pub(crate) async fn choose_file(&self, path: &std::path::Path) {
        let field = Locator::Css("input[type=file]");
        let field = self
            .client
            .wait()
            .for_element(field)
            .await
            .expect("a file field");
        field
            .send_keys(&path.display().to_string())
            .await
            .expect("to hand over a file");
    }

    /// Presses a key a number of times, where the focus is.
    pub(crate) async fn press(&self, key: char, times: usize) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for _ in 0..times {
            actions = actions
                .then(KeyAction::Down { value: key })
                .then(KeyAction::Up { value: key });
        }
        self.client.perform_actions(actions).await.expect("a key");
    }

    /// Returns the views of `routes.js`, with the names of their parameters:
    /// `/companies/:id`.
    pub(crate) async fn routes(&self) -> Vec<String> {
        let script = r"
            const done = arguments[arguments.length - 1];
            const app = document.querySelector('script[type=module]').src;
            import(app.replace('app.js', 'routes.js')).then((module) => done(module.ROUTES.map((one) => one.path)), (error) => done(String(error)));";
        let routes = self.client.execute_async(script, vec![]).await;
        serde_json::from_value(routes.expect("the routes")).expect("the routes")
    }

    /// Disconnects the browser from the network, or connects it again.
    pub(crate) async fn connected(&self, is_connected: bool) {
        let conditions = Network(is_connected);
        let set = self.client.issue_cmd(conditions).await;
        let _ = set.expect("the browser's network");
    }

    /// Sets the time zone of the browser, such as `America/Los_Angeles`.
    pub(crate) async fn time_zone(&self, name: &str) {
        let zone = TimeZone(name.to_owned());
        let set = self.client.issue_cmd(zone).await;
        let _ = set.expect("the browser's time zone");
    }

    pub(crate) async fn theme(&self, theme: &str) {
        let script = "document.documentElement.dataset.theme = arguments[0]; localStorage.setItem('accunode.theme', arguments[0])";
        let _ = self.run(script, vec![json!(theme)]).await;
    }

    /// Opens an address below the service's own.
    pub(crate) async fn visit(&self, path: &str) {
        let address = format!("{}{path}", self.base);
        // If only the part after `#` differs, the browser would not load the page again.
        self.client.goto("about:blank").await.expect("to leave");
        self.client.goto(&address).await.expect("the address");
        self.settled().await;
    }

    /// Checks that axe-core finds no problem in either theme.
    pub(crate) async fn is_accessible_in_both_themes(&self, what: &str) {
        for theme in ["light", "dark"] {
            self.theme(theme).await;
            self.is_accessible(&format!("{what}, {theme}")).await;
        }
    }

    /// Checks that axe-core finds no problem on the page in its current state.
    pub(crate) async fn is_accessible(&self, what: &str) {
        if self.run("return typeof axe", vec![]).await != json!("object") {
            let _ = self.run(&format!("{AXE}; window.axe = axe;"), vec![]).await;
        }
        let script = r"
            const done = arguments[arguments.length - 1];
            axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then(
              (found) => done(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).slice(0, 3).join(' | ')}`)),
              (error) => done([String(error)]));";
        let found = self
            .client
            .execute_async(script, vec![])
            .await
            .expect("axe-core");
        assert_eq!(found, json!([]), "{what}");
    }

    /// Checks that nothing went wrong since the last check: no script error, nothing refused
    /// by the content security policy, no severe message in the console, no page wider than
    /// the window.
    pub(crate) async fn is_quiet(&self, what: &str) {
        let faults = self
            .run("return window.accunodeFaults.splice(0)", vec![])
            .await;
        assert_eq!(faults, json!([]), "{what}");
        let wider = self
            .run(
                "return document.documentElement.scrollWidth - innerWidth",
                vec![],
            )
            .await;
        assert!(
            wider.as_i64().is_some_and(|by| by <= 0),
            "{what} is {wider} px too wide"
        );
        let log = self
            .client
            .issue_cmd(BrowserLog)
            .await
            .expect("the browser's console");
        let lines: Vec<_> = log
            .as_array()
            .into_iter()
            .flatten()
            .filter(|line| line["level"] == "SEVERE")
            .filter_map(|line| line["message"].as_str())
            .filter(|line| !EXPECTED.iter().any(|known| line.contains(known)))
            .collect();
        assert!(lines.is_empty(), "{what}: {lines:#?}");
    }
}

/// Sets whether the browser has a network (a command specific to chromedriver).
#[derive(Debug)]
struct Network(bool);

impl WebDriverCompatibleCommand for Network {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/chromium/network_conditions"))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let conditions = json!({ "offline": !self.0, "latency": 0, "throughput": 500_000_000 });
        let body = json!({ "network_conditions": conditions });
        (http::Method::POST, Some(body.to_string()))
    }
}

/// Sets the browser's time zone (a command specific to chromedriver).
#[derive(Debug)]
struct TimeZone(String);

impl WebDriverCompatibleCommand for TimeZone {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/goog/cdp/execute"))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let parameters = json!({ "timezoneId": self.0 });
        let body = json!({ "cmd": "Emulation.setTimezoneOverride", "params": parameters });
        (http::Method::POST, Some(body.to_string()))
    }
}

/// The messages in the browser's console (a command specific to chromedriver).
#[derive(Debug)]
struct BrowserLog;

impl WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (
            http::Method::POST,
            Some(json!({ "type": "browser" }).to_string()),
        )
    }
}
