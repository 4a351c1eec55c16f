//! Manifests as text: one stream, one JSON list, or a folder per owner with kustomizations.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use crate::{
    gateway::api::Object,
    k8s::{Inventory, ObjectId},
    ledger::Code,
    translate::Emitted,
    yaml,
};

use super::diagnostic::printable;

/// Files of one folder by name.
pub type Folder = BTreeMap<String, String>;

/// Objects that are printed before their text is written.
const WRITTEN_AT_ONCE: usize = 64;

/// All objects as YAML documents, each with comments about where it came from.
pub fn yaml_stream<'a>(objects: impl IntoIterator<Item = &'a Emitted>, inventory: &Inventory) -> String {
    let mut printer = yaml::Printer::new();
    for emitted in objects {
        document(&mut printer, emitted, inventory);
    }
    printer.finish()
}

/// Writes all objects as YAML documents, a few at a time.
pub fn write_yaml(objects: &[Emitted], inventory: &Inventory, out: &mut impl Write) -> io::Result<()> {
    let mut printer = yaml::Printer::new();
    for some in objects.chunks(WRITTEN_AT_ONCE) {
        for emitted in some {
            document(&mut printer, emitted, inventory);
        }
        out.write_all(printer.take().as_bytes())?;
    }
    Ok(())
}

fn document(printer: &mut yaml::Printer, emitted: &Emitted, inventory: &Inventory) {
    comments(printer, emitted, inventory);
    printer.document(&emitted.object).expect("INVARIANT: the wire types have string keys and no fallible serializer");
}

/// All objects as one JSON `List`.
pub fn json_list(objects: &[Emitted]) -> String {
    #[derive(serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    struct List<'a> {
        api_version: &'static str,
        kind: &'static str,
        items: Vec<&'a Object>,
    }
    let list = List { api_version: "v1", kind: "List", items: objects.iter().map(|emitted| &emitted.object).collect() };
    let mut text = serde_json::to_string_pretty(&list).expect("INVARIANT: the wire types have string keys and no fallible serializer");
    text.push('\n');
    text
}

/// `gateway/` for the platform team and a folder per namespace, each with a kustomization.
pub fn folders(objects: &[Emitted], inventory: &Inventory) -> BTreeMap<String, Folder> {
    let mut texts: BTreeMap<String, BTreeMap<&'static str, Vec<&Emitted>>> = BTreeMap::new();
    for emitted in objects {
        let folder = if emitted.platform { "gateway".to_owned() } else { folder_of(&emitted.object.meta().namespace) };
        texts.entry(folder).or_default().entry(file_of(&emitted.object)).or_default().push(emitted);
    }
    let mut folders = BTreeMap::new();
    for (folder, files) in texts {
        let mut written = Folder::new();
        for (file, emitted) in files {
            let text = yaml_stream(emitted, inventory);
            written.insert(file.to_owned(), text);
        }
        let mut kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n".to_owned();
        for file in written.keys() {
            kustomization.push_str(&format!("- {file}\n"));
        }
        written.insert("kustomization.yaml".to_owned(), kustomization);
        folders.insert(folder, written);
    }
    let mut root = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n".to_owned();
    for folder in folders.keys() {
        root.push_str(&format!("- {folder}\n"));
    }
    folders.insert(String::new(), Folder::from([("kustomization.yaml".to_owned(), root)]));
    folders
}

/// Folder of a namespace; one that is called `gateway` must not mix with the platform's.
/// A namespace that no API server would take must not lead out of the directory either.
fn folder_of(namespace: &str) -> String {
    let name: String = namespace.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    if name == "gateway" || name.is_empty() { format!("{name}-namespace") } else { name }
}

fn file_of(object: &Object) -> &'static str {
    match object {
        Object::Namespace(_) => "namespace.yaml",
        Object::GatewayClass(_) => "gatewayclass.yaml",
        Object::Gateway(_) => "gateway.yaml",
        Object::ListenerSet(_) => "listenersets.yaml",
        Object::ReferenceGrant(_) => "referencegrants.yaml",
        Object::Service(_) => "services.yaml",
        Object::HttpRoute(_) => "httproutes.yaml",
        Object::GrpcRoute(_) => "grpcroutes.yaml",
        Object::TlsRoute(_) => "tlsroutes.yaml",
        Object::TcpRoute(_) => "tcproutes.yaml",
        Object::UdpRoute(_) => "udproutes.yaml",
        Object::BackendTlsPolicy(_) => "backendtlspolicies.yaml",
        Object::Custom(_) => "policies.yaml",
    }
}

fn comments(printer: &mut yaml::Printer, emitted: &Emitted, inventory: &Inventory) {
    for (index, source) in emitted.sources.iter().enumerate() {
        let word = if index == 0 { "from" } else { "and" };
        printer.comment(&format!("{word} {}{}", inventory.object(*source), place(*source, inventory)));
    }
    for (path, code, _) in &emitted.withheld {
        printer.comment(&format!("{} answers 500: {}", printable(path), title(*code)));
    }
}

fn title(code: Code) -> String {
    crate::catalog::finding(code.as_str()).map_or_else(|| code.to_string(), |entry| format!("{} ({code})", entry.title))
}

fn place(object: ObjectId, inventory: &Inventory) -> String {
    let Some(origin) = inventory.objects[object.0 as usize].1 else { return String::new() };
    let (line, _) = inventory.sources.line_column(origin.source, origin.offset);
    format!(" ({}:{line})", printable(&inventory.sources.0[origin.source as usize].name))
}
