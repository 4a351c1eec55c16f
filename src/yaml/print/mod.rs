//! Values → YAML that Kubernetes, YAML 1.2 parsers and people read as the same thing.
//!
//! Sequences stand at the column of their key, as kubectl prints them. Strings are bare only where no YAML of any version reads them as
//! something else; text of several lines is a block where that is safe.

mod scalar;
mod serializer;

use std::fmt;

use serde::Serialize;

/// A value that cannot be printed: a map whose key is no text, bytes, or a number that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintError(String);

impl fmt::Display for PrintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PrintError {}

impl serde::ser::Error for PrintError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Prints one document.
pub fn print<T: Serialize + ?Sized>(value: &T) -> Result<String, PrintError> {
    let mut printer = Printer::new();
    printer.document(value)?;
    Ok(printer.finish())
}

/// Prints documents one after the other, each with the comments that were made before it.
#[derive(Debug, Default)]
pub struct Printer {
    /// What was printed and not taken.
    out: String,
    documents: usize,
    separated: bool,
}

impl Printer {
    /// A printer without documents.
    pub fn new() -> Self {
        Self::default()
    }

    /// Comment lines before the next document.
    pub fn comment(&mut self, text: &str) {
        self.separate();
        for line in text.lines() {
            self.out.push('#');
            if !line.is_empty() {
                self.out.push(' ');
                if line.bytes().all(|byte| (b' '..0x7F).contains(&byte)) {
                    self.out.push_str(line);
                } else {
                    self.out.extend(line.chars().map(|c| if scalar::is_printable(c) || c == '\t' { c } else { ' ' }));
                }
            }
            self.out.push('\n');
        }
    }

    /// A document.
    pub fn document<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), PrintError> {
        self.separate();
        let start = self.out.len();
        let printed = value.serialize(serializer::Serializer::root(&mut self.out));
        if printed.is_err() {
            self.out.truncate(start);
        }
        self.documents += 1;
        self.separated = false;
        printed
    }

    /// What was printed since this was last asked, so that many documents need not stand in memory together.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    /// Everything that was printed.
    pub fn finish(self) -> String {
        self.out
    }

    fn separate(&mut self) {
        if self.documents > 0 && !self.separated {
            self.out.push_str("---\n");
        }
        self.separated = true;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_look_as_kubectl_prints_them() {
        let value = json!({
            "kind": "HTTPRoute",
            "metadata": {"annotations": {}, "labels": null},
            "spec": {"rules": [{"matches": [{"path": {"value": "/"}}], "weights": [1, 2]}, {}], "nested": [["a"], []]},
        });
        let expected = "\
kind: HTTPRoute
metadata:
  annotations: {}
  labels: null
spec:
  rules:
  - matches:
    - path:
        value: /
    weights:
    - 1
    - 2
  - {}
  nested:
  - - a
  - []
";
        assert_eq!(print(&value).expect("YAML"), expected);
    }

    #[test]
    fn text_of_several_lines_is_a_block() {
        assert_eq!(print(&json!({"a": "x\n  y\n", "b": ["1\n2"]})).expect("YAML"), "a: |\n  x\n    y\nb:\n- |-\n  1\n  2\n");
    }

    #[test]
    fn documents_are_separated_and_comments_stand_before_them() {
        let mut printer = Printer::new();
        printer.comment("from shop.yaml:3");
        printer.document(&json!({"a": 1})).expect("YAML");
        printer.comment("second\n\nwith two paragraphs");
        printer.document(&json!({"b": 2})).expect("YAML");
        printer.document(&json!({"c": 3})).expect("YAML");
        assert_eq!(printer.finish(), "# from shop.yaml:3\na: 1\n---\n# second\n#\n# with two paragraphs\nb: 2\n---\nc: 3\n");
    }

    #[test]
    fn structs_enums_and_options_are_what_serde_says() {
        #[derive(Serialize)]
        enum Kind {
            Unit,
            Value(u8),
            Fields { a: Option<bool>, b: (u8, char) },
        }
        let value = vec![Kind::Unit, Kind::Value(3), Kind::Fields { a: None, b: (1, 'y') }];
        assert_eq!(print(&value).expect("YAML"), "- Unit\n- Value: 3\n- Fields:\n    a: null\n    b:\n    - 1\n    - \"y\"\n");
    }

    #[test]
    fn a_number_that_is_none_is_refused() {
        assert!(print(&f64::NAN).is_err());
    }
}
