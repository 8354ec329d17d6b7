//! Captures the plans that `auto_explain` reports as warnings.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::DefaultGuard,
};

/// The executed plan of one statement.
pub(super) struct Plan {
    pub(super) query: String,
    pub(super) plan: Value,
}

/// The plans that were reported on this thread since [`Plans::listen`].
pub(super) struct Plans {
    messages: Arc<Mutex<Vec<String>>>,
    _guard: DefaultGuard,
}

impl Plans {
    pub(super) fn listen() -> Self {
        let messages = Arc::new(Mutex::new(Vec::new()));
        let guard = tracing::subscriber::set_default(Listener(messages.clone()));
        Self {
            messages,
            _guard: guard,
        }
    }

    /// Returns those reported since the last call.
    pub(super) fn take(&self) -> Vec<Plan> {
        let messages = std::mem::take(&mut *self.messages.lock().unwrap());
        messages
            .iter()
            .filter_map(|text| text.split_once("plan:\n"))
            .map(|(_, json)| {
                let mut plan: Value = serde_json::from_str(json).unwrap();
                Plan {
                    query: plan["Query Text"].as_str().unwrap_or_default().to_owned(),
                    plan: plan["Plan"].take(),
                }
            })
            .collect()
    }
}

struct Listener(Arc<Mutex<Vec<String>>>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::postgres::notice"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap().push(message.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Message(String);

impl Visit for Message {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
