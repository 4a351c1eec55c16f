//! Objects of implementations in the golden files against the schemas of their `CustomResourceDefinition`s. These are read from
//! `GATESHIFT_CRDS` (folders, separated as in `PATH`), and from the module cache of Go where an implementation is there; a group without
//! schemas is skipped loudly. Rules in CEL are not run.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize as _;
use serde_json::Value;

/// Folders of modules that bring definitions, below the module cache.
const MODULES: &[&str] = &[
    "github.com/agentgateway/agentgateway@v1.4.1/controller/install/helm/agentgateway-crds/templates",
    "github.com/envoyproxy/gateway@v1.9.1/charts/gateway-crds-helm/templates/generated",
    "github.com/kgateway-dev/kgateway/v2@v2.4.0/install/helm/kgateway-crds/templates",
    "github.com/nginx/nginx-gateway-fabric/v2@v2.6.7/config/crd/bases",
    "github.com/traefik/traefik/v3@v3.7.10/integration/fixtures/k8s",
    "istio.io/api@v1.30.1/kubernetes",
];

fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::var_os("GATESHIFT_CRDS").iter().flat_map(std::env::split_paths).collect();
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join("go/pkg/mod"));
    let cache = std::env::var_os("GOMODCACHE").map(PathBuf::from).or(home);
    folders.extend(cache.iter().flat_map(|cache| MODULES.iter().map(|module| cache.join(module))));
    folders.retain(|folder| folder.is_dir());
    folders
}

/// Schemas by API version and kind.
fn schemas() -> BTreeMap<(String, String), Value> {
    let mut schemas = BTreeMap::new();
    for folder in folders() {
        for entry in fs::read_dir(&folder).expect("folder") {
            let path = entry.expect("entry").path();
            if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
                read(&path, &mut schemas);
            }
        }
    }
    schemas
}

fn read(path: &Path, schemas: &mut BTreeMap<(String, String), Value>) {
    // Charts wrap definitions in conditions.
    let text: String =
        fs::read_to_string(path).expect("file").lines().filter(|line| !line.contains("{{")).map(|line| format!("{line}\n")).collect();
    for document in serde_yaml::Deserializer::from_str(&text) {
        let Ok(definition) = Value::deserialize(document) else { continue };
        let kind = definition.pointer("/spec/names/kind").and_then(Value::as_str).unwrap_or_default();
        let group = definition.pointer("/spec/group").and_then(Value::as_str).unwrap_or_default();
        for version in definition.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten() {
            let (Some(name), Some(schema)) = (version["name"].as_str(), version.pointer("/schema/openAPIV3Schema/properties/spec")) else {
                continue;
            };
            let mut schema = schema.clone();
            close(&mut schema);
            schemas.entry((format!("{group}/{name}"), kind.to_owned())).or_insert(schema);
        }
    }
}

/// The API server drops fields that a schema does not have; here they are errors.
fn close(schema: &mut Value) {
    let Some(fields) = schema.as_object_mut() else { return };
    if let Some(format) = fields.remove("x-kubernetes-int-or-string") {
        assert_eq!(format, true);
        fields.remove("anyOf");
        fields.insert("type".to_owned(), serde_json::json!(["integer", "string"]));
    }
    let keeps = fields.get("x-kubernetes-preserve-unknown-fields").is_some();
    if fields.contains_key("properties") && !keeps && !fields.contains_key("additionalProperties") {
        fields.insert("additionalProperties".to_owned(), false.into());
    }
    for key in ["items", "additionalProperties"] {
        fields.get_mut(key).into_iter().for_each(close);
    }
    for property in fields.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(|properties| properties.values_mut()) {
        close(property);
    }
}

#[test]
fn own_objects_of_golden_files_fit_the_schemas_of_their_implementations() {
    let schemas = schemas();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut folders: Vec<PathBuf> = fs::read_dir(cases).expect("cases").map(|entry| entry.expect("entry").path()).collect();
    folders.sort();
    let (mut wrong, mut skipped, mut compared) = (Vec::new(), BTreeSet::new(), 0);
    for folder in folders {
        let Ok(text) = fs::read_to_string(folder.join("output.yaml")) else { continue };
        for document in serde_yaml::Deserializer::from_str(&text) {
            let Ok(object) = Value::deserialize(document) else { continue };
            let version = object["apiVersion"].as_str().unwrap_or_default().to_owned();
            let kind = object["kind"].as_str().unwrap_or_default().to_owned();
            if !version.contains('.') || version.starts_with("gateway.networking.k8s.io/") {
                continue;
            }
            let Some(schema) = schemas.get(&(version.clone(), kind.clone())) else {
                skipped.insert(format!("{version} {kind}"));
                continue;
            };
            let validator = jsonschema::validator_for(schema).expect("schema");
            wrong.extend(
                validator.iter_errors(&object["spec"]).map(|error| {
                    format!("{} {kind} {}: {error} at {}", folder.display(), object["metadata"]["name"], error.instance_path())
                }),
            );
            compared += 1;
        }
    }
    tell(&skipped, compared);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What was compared, and what was not.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn tell(skipped: &BTreeSet<String>, compared: usize) {
    eprintln!("{compared} objects were compared with schemas");
    if !skipped.is_empty() {
        let kinds = skipped.iter().cloned().collect::<Vec<_>>().join(", ");
        crate::shared::skipped(&format!("no schemas for {kinds} (GATESHIFT_CRDS names folders of definitions)"));
    }
}
