//! Secrets by name and type.
//!
//! A table without objects is asked for: `kubectl apply` leaves the whole Secret in an annotation, so that even metadata may hold a key. Such
//! a table does not say namespaces, so each namespace whose Secrets are named is listed by itself. Only certificates that were asked for
//! with `--read-certificates` are fetched, and only the names in them are kept.

use std::collections::BTreeMap;

use super::{
    Error,
    client::{Failure, Form},
    estate::{Missed, Reader},
    list::{self, List},
    named,
    resource::{self, encoded},
};
use crate::{
    k8s::{NamespacedName, ObjectMeta, ObjectRef, Secret},
    read,
    yaml::Node,
};

const TLS: &str = "kubernetes.io/tls";

/// A row of the table.
struct Row {
    name: String,
    kind: String,
    empty: bool,
}

/// Reads the Secrets that were named.
pub(super) async fn read(reader: &mut Reader<'_>) -> Result<(), Error> {
    let wanted = named::secrets(&reader.reading.inventory, &reader.options.arguments);
    let mut missed = Missed::default();
    for (namespace, names) in wanted {
        let rows = match missed.broken() {
            Some(failure) => Err(failure),
            None => rows(reader, &namespace).await,
        };
        match rows {
            Ok(rows) => {
                for row in rows.into_iter().filter(|row| names.contains_key(&row.name)) {
                    let keys = match row.kind.as_str() {
                        // The API server accepts no Secret of this type without both.
                        TLS => Some(vec!["tls.crt".to_owned(), "tls.key".to_owned()]),
                        _ => row.empty.then(Vec::new),
                    };
                    keep(reader, &namespace, &row.name, row.kind, keys);
                }
                if reader.options.certificates {
                    certificates(reader, &namespace, &names).await?;
                }
            }
            Err(failure) => {
                missed.add(&namespace, failure)?;
                for (name, serves) in names {
                    let kind = if serves { TLS } else { "Opaque" };
                    keep(reader, &namespace, &name, kind.to_owned(), None);
                }
            }
        }
    }
    missed.say(reader, resource::SECRETS, "in namespace", "namespaces")?;
    // What could not be listed was assumed by name, so that nothing else is.
    reader.reading.inventory.listed.insert("Secret");
    Ok(())
}

fn keep(reader: &mut Reader<'_>, namespace: &str, name: &str, kind: String, keys: Option<Vec<String>>) {
    let inventory = &mut reader.reading.inventory;
    let reference = ObjectRef { group: String::new(), kind: "Secret".to_owned(), namespace: namespace.to_owned(), name: name.to_owned() };
    let id = inventory.register(reference, None);
    let meta = ObjectMeta { name: name.to_owned(), namespace: namespace.to_owned(), ..ObjectMeta::default() };
    inventory.secrets.insert(meta.key(), Secret { id, meta, kind, keys, sha_keys: None, certificate_names: None });
}

async fn rows(reader: &mut Reader<'_>, namespace: &str) -> Result<Vec<Row>, Failure> {
    let path = resource::SECRETS.path(Some(namespace));
    let list = List { path: &path, query: "includeObject=None", form: Form::Columns, page: reader.options.page, kind: "Secret" };
    list::collect(&reader.server, list, reader.progress, |rows: &mut Vec<Row>, table, row| rows.extend(self::row(table, row))).await
}

fn row(table: &Node, row: &Node) -> Option<Row> {
    let columns = table.get("columnDefinitions")?.items();
    let cells = row.get("cells")?.items();
    let cell = |name: &str| {
        let at = columns.iter().position(|column| column.get("name").and_then(Node::as_text) == Some(name))?;
        cells.get(at)?.as_text()
    };
    Some(Row { name: cell("Name")?.to_owned(), kind: cell("Type")?.to_owned(), empty: cell("Data") == Some("0") })
}

/// Names in the certificates of Secrets that are served.
async fn certificates(reader: &mut Reader<'_>, namespace: &str, names: &BTreeMap<String, bool>) -> Result<(), Error> {
    let mut missed = Missed::default();
    for name in names.iter().filter_map(|(name, serves)| serves.then_some(name)) {
        if !reader.reading.inventory.secrets.contains_key(&NamespacedName::new(namespace, name)) {
            continue;
        }
        let path = format!("{}/{}", resource::SECRETS.path(Some(namespace)), encoded(name));
        match reader.server.get(&path, Form::Whole).await {
            Ok(node) => {
                let secret = reader.reading.inventory.secrets.get_mut(&NamespacedName::new(namespace, name));
                let secret = secret.expect("INVARIANT: looked up above");
                let whole = read::secret::read(&node, secret.id, ObjectMeta::default());
                secret.keys = whole.keys;
                secret.certificate_names = whole.certificate_names;
            }
            Err(Failure::Absent) => {}
            Err(failure) => missed.add(&format!("{namespace}/{name}"), failure)?,
        }
        if missed.broken().is_some() {
            break;
        }
    }
    missed.say(reader, resource::SECRETS, "named", "names")
}
