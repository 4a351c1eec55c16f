//! The serde side of the printer: a stream of values, with no tree in between.

use serde::{
    Serialize,
    ser::{self, Error as _, Impossible},
};

use super::{PrintError, scalar};

/// Where the next value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the start of a document.
    Root,
    /// After `key:`, of a mapping with some indentation.
    Value(usize),
    /// After `- `, of a sequence with some indentation.
    Item(usize),
}

impl Place {
    /// Indentation of a mapping that stands here.
    const fn mapping_indent(self) -> usize {
        match self {
            Self::Root => 0,
            Self::Value(indent) | Self::Item(indent) => indent + 2,
        }
    }

    /// Indentation of a sequence that stands here.
    const fn sequence_indent(self) -> usize {
        match self {
            Self::Root => 0,
            Self::Value(indent) => indent,
            Self::Item(indent) => indent + 2,
        }
    }
}

/// Writes one value.
pub(super) struct Serializer<'o> {
    out: &'o mut String,
    place: Place,
}

impl<'o> Serializer<'o> {
    pub(super) fn root(out: &'o mut String) -> Self {
        Self { out, place: Place::Root }
    }

    fn write(self, text: &str) {
        if matches!(self.place, Place::Value(_)) {
            self.out.push(' ');
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn display(self, value: impl std::fmt::Display) {
        self.write(&value.to_string());
    }

    fn sequence(self) -> Collection<'o> {
        Collection { indent: self.place.sequence_indent(), out: self.out, place: self.place, brackets: "[]", empty: true }
    }

    fn mapping(self) -> Collection<'o> {
        Collection { indent: self.place.mapping_indent(), out: self.out, place: self.place, brackets: "{}", empty: true }
    }

    /// `Variant:` of an enum, and the place of its value.
    fn variant(self, variant: &str) -> Self {
        let mut mapping = self.mapping();
        mapping.start_entry();
        scalar::write_key(mapping.out, variant, mapping.indent);
        Self { out: mapping.out, place: Place::Value(mapping.indent) }
    }
}

/// A collection that is being written; its first entry decides that it is not empty.
pub(super) struct Collection<'o> {
    out: &'o mut String,
    place: Place,
    indent: usize,
    brackets: &'static str,
    empty: bool,
}

fn indent(out: &mut String, mut width: usize) {
    const SPACES: &str = "                                ";
    while width > 0 {
        let some = width.min(SPACES.len());
        out.push_str(&SPACES[..some]);
        width -= some;
    }
}

impl Collection<'_> {
    /// Line break and indentation before an entry; the first one may go on in its line.
    fn start_entry(&mut self) {
        let first = std::mem::replace(&mut self.empty, false);
        if first {
            match self.place {
                Place::Root | Place::Item(_) => return,
                Place::Value(_) => self.out.push('\n'),
            }
        }
        indent(self.out, self.indent);
    }

    fn finish(self) {
        if self.empty {
            Serializer { out: self.out, place: self.place }.write(self.brackets);
        }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), PrintError> {
        self.start_entry();
        self.out.push_str("- ");
        value.serialize(Serializer { out: self.out, place: Place::Item(self.indent) })
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), PrintError> {
        value.serialize(Serializer { out: self.out, place: Place::Value(self.indent) })
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), PrintError> {
        self.start_entry();
        scalar::write_key(self.out, key, self.indent);
        self.value(value)
    }
}

impl<'o> ser::Serializer for Serializer<'o> {
    type Ok = ();
    type Error = PrintError;
    type SerializeSeq = Collection<'o>;
    type SerializeTuple = Collection<'o>;
    type SerializeTupleStruct = Collection<'o>;
    type SerializeTupleVariant = Collection<'o>;
    type SerializeMap = Collection<'o>;
    type SerializeStruct = Collection<'o>;
    type SerializeStructVariant = Collection<'o>;

    fn serialize_bool(self, value: bool) -> Result<(), PrintError> {
        self.write(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), PrintError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), PrintError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), PrintError> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), PrintError> {
        self.display(value);
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<(), PrintError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), PrintError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), PrintError> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), PrintError> {
        self.display(value);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), PrintError> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), PrintError> {
        if !value.is_finite() {
            return Err(PrintError::custom("JSON has no such number"));
        }
        self.write(&format!("{value:?}"));
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), PrintError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), PrintError> {
        let indent = match self.place {
            Place::Root => None,
            Place::Value(indent) | Place::Item(indent) => Some(indent + 2),
        };
        if matches!(self.place, Place::Value(_)) {
            self.out.push(' ');
        }
        scalar::write_text(self.out, value, indent);
        self.out.push('\n');
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), PrintError> {
        Err(PrintError::custom("bytes have no form in YAML"))
    }

    fn serialize_none(self) -> Result<(), PrintError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), PrintError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), PrintError> {
        self.write("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), PrintError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), PrintError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), PrintError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), PrintError> {
        value.serialize(self.variant(variant))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Collection<'o>, PrintError> {
        Ok(self.sequence())
    }

    fn serialize_tuple(self, _: usize) -> Result<Collection<'o>, PrintError> {
        Ok(self.sequence())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Collection<'o>, PrintError> {
        Ok(self.sequence())
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, variant: &'static str, _: usize) -> Result<Collection<'o>, PrintError> {
        Ok(self.variant(variant).sequence())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Collection<'o>, PrintError> {
        Ok(self.mapping())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Collection<'o>, PrintError> {
        Ok(self.mapping())
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, variant: &'static str, _: usize) -> Result<Collection<'o>, PrintError> {
        Ok(self.variant(variant).mapping())
    }
}

macro_rules! sequences {
    ($($which:ident::$method:ident),*) => {
        $(
            impl ser::$which for Collection<'_> {
                type Ok = ();
                type Error = PrintError;

                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), PrintError> {
                    self.item(value)
                }

                fn end(self) -> Result<(), PrintError> {
                    self.finish();
                    Ok(())
                }
            }
        )*
    };
}

sequences!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! structs {
    ($($which:ident),*) => {
        $(
            impl ser::$which for Collection<'_> {
                type Ok = ();
                type Error = PrintError;

                fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), PrintError> {
                    self.field(key, value)
                }

                fn end(self) -> Result<(), PrintError> {
                    self.finish();
                    Ok(())
                }
            }
        )*
    };
}

structs!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Collection<'_> {
    type Ok = ();
    type Error = PrintError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), PrintError> {
        self.start_entry();
        key.serialize(KeySerializer { out: self.out, indent: self.indent })
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), PrintError> {
        self.value(value)
    }

    fn end(self) -> Result<(), PrintError> {
        self.finish();
        Ok(())
    }
}

/// Writes a key: text, or what becomes text in JSON.
struct KeySerializer<'o> {
    out: &'o mut String,
    indent: usize,
}

const NO_KEY: &str = "only text can be a key";

macro_rules! keys {
    ($($method:ident: $type:ty),*) => {
        $(
            fn $method(self, value: $type) -> Result<(), PrintError> {
                self.serialize_str(&value.to_string())
            }
        )*
    };
}

impl ser::Serializer for KeySerializer<'_> {
    type Ok = ();
    type Error = PrintError;
    type SerializeSeq = Impossible<(), PrintError>;
    type SerializeTuple = Impossible<(), PrintError>;
    type SerializeTupleStruct = Impossible<(), PrintError>;
    type SerializeTupleVariant = Impossible<(), PrintError>;
    type SerializeMap = Impossible<(), PrintError>;
    type SerializeStruct = Impossible<(), PrintError>;
    type SerializeStructVariant = Impossible<(), PrintError>;

    keys!(
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_char: char
    );

    fn serialize_str(self, value: &str) -> Result<(), PrintError> {
        scalar::write_key(self.out, value, self.indent);
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), PrintError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), PrintError> {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), PrintError> {
        value.serialize(self)
    }

    fn serialize_f32(self, _: f32) -> Result<(), PrintError> {
        Err(PrintError::custom(NO_KEY))
    }

    fn serialize_f64(self, _: f64) -> Result<(), PrintError> {
        Err(PrintError::custom(NO_KEY))
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), PrintError> {
        Err(PrintError::custom(NO_KEY))
    }

    fn serialize_none(self) -> Result<(), PrintError> {
        Err(PrintError::custom(NO_KEY))
    }

    fn serialize_unit(self) -> Result<(), PrintError> {
        Err(PrintError::custom(NO_KEY))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), PrintError> {
        Err(PrintError::custom(NO_KEY))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(self, _: &'static str, _: u32, _: &'static str, _: &T) -> Result<(), PrintError> {
        Err(PrintError::custom(NO_KEY))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, PrintError> {
        Err(PrintError::custom(NO_KEY))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, PrintError> {
        Err(PrintError::custom(NO_KEY))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, PrintError> {
        Err(PrintError::custom(NO_KEY))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, PrintError> {
        Err(PrintError::custom(NO_KEY))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, PrintError> {
        Err(PrintError::custom(NO_KEY))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, PrintError> {
        Err(PrintError::custom(NO_KEY))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, PrintError> {
        Err(PrintError::custom(NO_KEY))
    }
}
