//! From what stands in a file to the typed form, with a list of what the typed form has no place for.
//!
//! Reading is lenient about unknown fields, which are kept as issues, and about `null`, which is an absent field as on the API
//! server. A value of the wrong type makes the whole object unreadable: no API server would have stored it.

use std::{borrow::Cow, cell::RefCell, fmt};

use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor};

use crate::gateway::json::Json;
use crate::gateway::place::Place;
use crate::k8s::FieldPath;

/// Something about an object that its typed form does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// The place.
    pub field: FieldPath,
    /// What is there.
    pub kind: IssueKind,
}

/// What was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssueKind {
    /// A field that gateshift does not know; it has no effect on what we say of the object.
    UnknownField,
    /// A value that cannot be; the object was not read.
    Malformed {
        /// What is wrong, in lower case.
        message: String,
    },
    /// An object of a kind or version that has no typed form.
    UnknownKind {
        /// `apiVersion` as written.
        api_version: String,
        /// `kind` as written.
        kind: String,
    },
}

/// Reads a value as `T`.
pub(super) fn from_json<T: DeserializeOwned>(json: &Json<'_>, issues: &mut Vec<Issue>) -> Option<T> {
    let unknown = RefCell::new(Vec::new());
    let result = T::deserialize(Reader { json, place: &Place::Root, issues: &unknown });
    issues.append(&mut unknown.into_inner());
    result
        .map_err(|fault| {
            issues.push(Issue { field: fault.field.unwrap_or_default(), kind: IssueKind::Malformed { message: fault.message } });
        })
        .ok()
}

#[derive(Debug)]
struct Fault {
    field: Option<FieldPath>,
    message: String,
}

impl Fault {
    fn at(mut self, place: &Place<'_>) -> Self {
        self.field.get_or_insert_with(|| place.path());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { field: None, message: message.to_string() }
    }
}

#[derive(Clone, Copy)]
struct Reader<'r> {
    json: &'r Json<'r>,
    place: &'r Place<'r>,
    issues: &'r RefCell<Vec<Issue>>,
}

impl Reader<'_> {
    fn fields<'de, V: Visitor<'de>>(self, known: Option<&'static [&'static str]>, visitor: V) -> Result<V::Value, Fault> {
        let Json::Map(entries) = self.json else {
            return Err(de::Error::custom(format_args!("expected an object, found {}", self.json.type_name())));
        };
        visitor.visit_map(Fields { entries: entries.iter(), current: None, known, reader: self }).map_err(|fault| fault.at(self.place))
    }
}

impl<'de> de::Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.json {
            Json::Null => visitor.visit_unit(),
            Json::Bool(value) => visitor.visit_bool(*value),
            Json::Int(value) => visitor.visit_i64(*value),
            Json::Float(value) => visitor.visit_f64(*value),
            Json::Text(text) => visitor.visit_str(text),
            Json::List(items) => visitor.visit_seq(Items { items: items.iter().enumerate(), reader: self }),
            Json::Map(_) => return self.fields(None, visitor),
        }
        .map_err(|fault| fault.at(self.place))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.json {
            Json::Null => visitor.visit_none(),
            Json::Bool(_) | Json::Int(_) | Json::Float(_) | Json::Text(_) | Json::List(_) | Json::Map(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(self, _: &'static str, known: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.fields(Some(known), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(self, _: &'static str, _: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        match self.json {
            Json::Text(text) => visitor.visit_enum(text.as_ref().into_deserializer()),
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) | Json::List(_) | Json::Map(_) => {
                Err(de::Error::custom(format_args!("expected a string, found {}", self.json.type_name())))
            }
        }
        .map_err(|fault: Fault| fault.at(self.place))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        identifier
    }
}

struct Items<'r> {
    items: std::iter::Enumerate<std::slice::Iter<'r, Json<'r>>>,
    reader: Reader<'r>,
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some((index, json)) = self.items.next() else { return Ok(None) };
        let place = Place::Index(self.reader.place, index);
        let reader = Reader { json, place: &place, issues: self.reader.issues };
        seed.deserialize(reader).map(Some).map_err(|fault| fault.at(&place))
    }
}

struct Fields<'r> {
    entries: std::slice::Iter<'r, (Cow<'r, str>, Json<'r>)>,
    current: Option<(&'r str, &'r Json<'r>)>,
    /// Fields of the struct; `None` for free-form maps.
    known: Option<&'static [&'static str]>,
    reader: Reader<'r>,
}

impl<'de> de::MapAccess<'de> for Fields<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        for (key, value) in self.entries.by_ref() {
            if *value == Json::Null {
                continue;
            }
            if self.known.is_some_and(|known| !known.contains(&key.as_ref())) {
                let field = Place::Key(self.reader.place, key).path();
                self.reader.issues.borrow_mut().push(Issue { field, kind: IssueKind::UnknownField });
                continue;
            }
            self.current = Some((key, value));
            return seed.deserialize(key.as_ref().into_deserializer()).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (key, json) = self.current.take().expect("INVARIANT: serde asks for a key before its value");
        let place = Place::Key(self.reader.place, key);
        let reader = Reader { json, place: &place, issues: self.reader.issues };
        seed.deserialize(reader).map_err(|fault| fault.at(&place))
    }
}
