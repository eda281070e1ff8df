//! What the client has told the app, so that the next app can be told it too.

use std::collections::BTreeMap;

use crate::bridge::Message;

#[derive(Default)]
pub(super) struct Memory {
    initialize: Option<Vec<u8>>,
    initialized: Option<Vec<u8>>,
    level: Option<Vec<u8>>,
    subscriptions: BTreeMap<String, Vec<u8>>,
}

/// Resources that are remembered; a client that watches more loses those above with the app.
const SUBSCRIPTIONS: usize = 1_024;

impl Memory {
    /// Remembers what has to be told again.
    pub(super) fn note(&mut self, message: &Message, raw: &[u8]) {
        match message.method.as_deref() {
            Some("initialize") => *self = Self { initialize: Some(raw.to_vec()), ..Self::default() },
            Some("notifications/initialized") => self.initialized = Some(raw.to_vec()),
            Some("logging/setLevel") => self.level = Some(raw.to_vec()),
            Some("resources/subscribe") if self.subscriptions.len() < SUBSCRIPTIONS => {
                let uri = message.uri().unwrap_or_default().to_owned();
                self.subscriptions.insert(uri, raw.to_vec());
            }
            Some("resources/unsubscribe") => _ = self.subscriptions.remove(message.uri().unwrap_or_default()),
            _ => {}
        }
    }

    /// What begins a session, if one was begun.
    pub(super) fn beginning(&self) -> Option<Vec<u8>> {
        self.initialize.clone()
    }

    /// What comes after the beginning, in order. Its answers are nobody's.
    pub(super) fn rest(&self) -> Vec<Vec<u8>> {
        let rest = self.initialized.iter().chain(&self.level).chain(self.subscriptions.values());
        rest.cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_is_told_again_and_what_was_taken_back_is_not() {
        let mut memory = Memory::default();
        let said = [
            r#"{"id":1,"method":"initialize"}"#,
            r#"{"method":"notifications/initialized"}"#,
            r#"{"id":2,"method":"logging/setLevel","params":{"level":"info"}}"#,
            r#"{"id":3,"method":"resources/subscribe","params":{"uri":"a:1"}}"#,
            r#"{"id":4,"method":"resources/subscribe","params":{"uri":"a:2"}}"#,
            r#"{"id":5,"method":"resources/unsubscribe","params":{"uri":"a:1"}}"#,
            r#"{"id":6,"method":"logging/setLevel","params":{"level":"debug"}}"#,
            r#"{"id":7,"method":"tools/list"}"#,
        ];
        for raw in said {
            memory.note(&Message::read(raw.as_bytes()).unwrap(), raw.as_bytes());
        }
        assert_eq!(memory.beginning().unwrap(), said[0].as_bytes());
        assert_eq!(memory.rest(), [said[1], said[6], said[4]].map(|raw| raw.as_bytes().to_vec()));
    }
}
