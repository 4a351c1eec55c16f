//! The serde side of [`Json`]: what an object that is about to be written looks like to an API server, without a detour through text or
//! through another tree.

use std::{borrow::Cow, fmt};

use serde::{
    Serialize,
    ser::{self, Error as _},
};

use super::json::Json;

/// A value that has no form in JSON: a map whose key is no text, or bytes.
#[derive(Debug)]
pub(super) struct NoJson(String);

impl fmt::Display for NoJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoJson {}

impl ser::Error for NoJson {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl Json<'static> {
    /// What a value becomes.
    pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, NoJson> {
        value.serialize(ToJson)
    }
}

struct ToJson;

/// A collection that is being made, under the name of its variant where it belongs to one.
pub(super) struct Items {
    variant: Option<&'static str>,
    items: Vec<Json<'static>>,
}

pub(super) struct Entries {
    variant: Option<&'static str>,
    key: Option<Cow<'static, str>>,
    entries: Vec<(Cow<'static, str>, Json<'static>)>,
}

fn named(variant: Option<&'static str>, value: Json<'static>) -> Json<'static> {
    match variant {
        Some(name) => Json::Map(vec![(Cow::Borrowed(name), value)]),
        None => value,
    }
}

fn items(variant: Option<&'static str>, len: Option<usize>) -> Items {
    Items { variant, items: Vec::with_capacity(len.unwrap_or(0)) }
}

fn entries(variant: Option<&'static str>, len: Option<usize>) -> Entries {
    Entries { variant, key: None, entries: Vec::with_capacity(len.unwrap_or(4)) }
}

macro_rules! whole {
    ($($method:ident: $type:ty),*) => {
        $(
            fn $method(self, value: $type) -> Result<Json<'static>, NoJson> {
                Ok(Json::Int(value.into()))
            }
        )*
    };
}

impl ser::Serializer for ToJson {
    type Ok = Json<'static>;
    type Error = NoJson;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Entries;
    type SerializeStruct = Entries;
    type SerializeStructVariant = Entries;

    whole!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32);

    fn serialize_u64(self, value: u64) -> Result<Json<'static>, NoJson> {
        #[expect(clippy::cast_precision_loss, reason = "the API machinery does the same above 2^63")]
        Ok(i64::try_from(value).map_or_else(|_| Json::number(value as f64), Json::Int))
    }

    fn serialize_f32(self, value: f32) -> Result<Json<'static>, NoJson> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<Json<'static>, NoJson> {
        Ok(Json::number(value))
    }

    fn serialize_bool(self, value: bool) -> Result<Json<'static>, NoJson> {
        Ok(Json::Bool(value))
    }

    fn serialize_char(self, value: char) -> Result<Json<'static>, NoJson> {
        Ok(Json::Text(value.to_string().into()))
    }

    fn serialize_str(self, value: &str) -> Result<Json<'static>, NoJson> {
        Ok(Json::Text(value.to_owned().into()))
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Json<'static>, NoJson> {
        Err(NoJson::custom("bytes have no form in JSON"))
    }

    fn serialize_none(self) -> Result<Json<'static>, NoJson> {
        Ok(Json::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Json<'static>, NoJson> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Json<'static>, NoJson> {
        Ok(Json::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Json<'static>, NoJson> {
        Ok(Json::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Json<'static>, NoJson> {
        Ok(Json::Text(variant.into()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Json<'static>, NoJson> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Json<'static>, NoJson> {
        Ok(named(Some(variant), value.serialize(self)?))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items, NoJson> {
        Ok(items(None, len))
    }

    fn serialize_tuple(self, len: usize) -> Result<Items, NoJson> {
        Ok(items(None, Some(len)))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Items, NoJson> {
        Ok(items(None, Some(len)))
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, variant: &'static str, len: usize) -> Result<Items, NoJson> {
        Ok(items(Some(variant), Some(len)))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Entries, NoJson> {
        Ok(entries(None, len))
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Entries, NoJson> {
        Ok(entries(None, Some(len)))
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, variant: &'static str, len: usize) -> Result<Entries, NoJson> {
        Ok(entries(Some(variant), Some(len)))
    }
}

macro_rules! lists {
    ($($which:ident::$method:ident),*) => {
        $(
            impl ser::$which for Items {
                type Ok = Json<'static>;
                type Error = NoJson;

                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoJson> {
                    self.items.push(value.serialize(ToJson)?);
                    Ok(())
                }

                fn end(self) -> Result<Json<'static>, NoJson> {
                    Ok(named(self.variant, Json::List(self.items)))
                }
            }
        )*
    };
}

lists!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! structs {
    ($($which:ident),*) => {
        $(
            impl ser::$which for Entries {
                type Ok = Json<'static>;
                type Error = NoJson;

                fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), NoJson> {
                    self.entries.push((Cow::Borrowed(key), value.serialize(ToJson)?));
                    Ok(())
                }

                fn end(self) -> Result<Json<'static>, NoJson> {
                    Ok(named(self.variant, Json::Map(self.entries)))
                }
            }
        )*
    };
}

structs!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Entries {
    type Ok = Json<'static>;
    type Error = NoJson;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NoJson> {
        let Json::Text(key) = key.serialize(ToJson)? else { return Err(NoJson::custom("only text can be a key")) };
        self.key = Some(key);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoJson> {
        let key = self.key.take().expect("INVARIANT: serde gives a key before its value");
        self.entries.push((key, value.serialize(ToJson)?));
        Ok(())
    }

    fn end(self) -> Result<Json<'static>, NoJson> {
        Ok(named(self.variant, Json::Map(self.entries)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::api::{HttpBackendRef, HttpMatch, HttpRoute, HttpRouteSpec, HttpRule, Object, ParentRef, PathMatch};

    #[test]
    fn an_object_is_the_same_without_a_detour() {
        let rule = HttpRule {
            matches: vec![HttpMatch::path(PathMatch::Prefix("/a".to_owned()))],
            backend_refs: vec![HttpBackendRef::service("web", 80)],
            ..HttpRule::default()
        };
        let spec =
            HttpRouteSpec { parent_refs: vec![ParentRef::gateway("infra", "eg", None)], rules: vec![rule], ..HttpRouteSpec::default() };
        let object = Object::from(HttpRoute::new("shop", "web", spec));
        let value = object.to_value();
        assert_eq!(Json::of(&object).expect("JSON"), Json::from_value(&value));
    }

    #[test]
    fn only_text_is_a_key() {
        assert!(Json::of(&std::collections::BTreeMap::from([(1, "a")])).is_err());
    }
}
