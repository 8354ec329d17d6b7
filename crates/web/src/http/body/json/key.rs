//! The names of an object's members. An unexpected name is truncated at once.

use accunode_domain::fault::shorten;
use serde::de::{DeserializeSeed, Deserializer, Visitor};

use crate::http::body::shape::Shape;

/// The longest name of a member of a map, in bytes.
const MAX_NAME: usize = 100;

/// The name of a member.
pub(super) enum Key<'a> {
    /// An expected name, and the shape of its value.
    Known(String, &'a Shape),
    /// An unexpected name, truncated.
    Unknown(String),
}

/// Reads the name of a member of an object of this shape.
pub(super) struct KeySeed<'a>(pub(super) &'a Shape);

impl<'a, 'de> DeserializeSeed<'de> for KeySeed<'a> {
    type Value = Key<'a>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key<'a>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for KeySeed<'a> {
    type Value = Key<'a>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key<'a>, E> {
        let property = self.0.properties.get(name);
        let member = self.0.members.as_ref();
        let member = member
            .filter(|_| name.len() <= MAX_NAME)
            .map(|members| &members.shape);
        Ok(match property.or(member) {
            Some(shape) => Key::Known(name.to_owned(), shape),
            None => Key::Unknown(shorten(name)),
        })
    }
}
