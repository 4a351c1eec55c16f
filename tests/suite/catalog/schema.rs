//! `annotation-maps/schema.json`, which editors use, agrees with the maps. A small reader of JSON Schema: exactly the
//! words that the schema uses, and a panic at any other.

use gateshift::catalog;
use serde_json::Value;

/// Words that say nothing about validity.
const REMARKS: [&str; 4] = ["$schema", "$defs", "title", "description"];

fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    for (word, rule) in schema.as_object().expect("a schema is an object") {
        let holds = match word.as_str() {
            "$ref" => return check(root, root.pointer(rule.as_str().expect("$ref").trim_start_matches('#')).expect("definition"), value),
            "anyOf" => {
                let schemas = rule.as_array().expect("anyOf");
                if !schemas.iter().any(|schema| check(root, schema, value).is_ok()) {
                    let meant =
                        schemas.iter().find(|schema| check(root, &serde_json::json!({"required": schema["required"]}), value).is_ok());
                    return meant.map_or(Err("none of the schemas".to_owned()), |schema| check(root, schema, value));
                }
                true
            }
            "type" => match rule.as_str().expect("type") {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                other => panic!("type {other}"),
            },
            "enum" => rule.as_array().expect("enum").contains(value),
            "required" => {
                rule.as_array().is_some_and(|fields| fields.iter().all(|field| value.get(field.as_str().expect("field")).is_some()))
            }
            "additionalProperties" => {
                value.as_object().is_none_or(|fields| fields.keys().all(|field| schema["properties"].get(field).is_some()))
            }
            "properties" => {
                for (field, schema) in rule.as_object().expect("properties") {
                    if let Some(value) = value.get(field) {
                        check(root, schema, value).map_err(|error| format!("{field}: {error}"))?;
                    }
                }
                true
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    check(root, rule, item).map_err(|error| format!("{}: {error}", item.get("name").unwrap_or(&Value::Null)))?;
                }
                true
            }
            "minItems" => value.as_array().is_some_and(|items| items.len() as u64 >= rule.as_u64().expect("number")),
            "minLength" => value.as_str().is_some_and(|text| text.chars().count() as u64 >= rule.as_u64().expect("number")),
            "maxLength" => value.as_str().is_some_and(|text| text.chars().count() as u64 <= rule.as_u64().expect("number")),
            "pattern" => value
                .as_str()
                .is_some_and(|text| regex_automata::meta::Regex::new(rule.as_str().expect("pattern")).expect("pattern").is_match(text)),
            word if REMARKS.contains(&word) => true,
            word => panic!("the schema says `{word}`"),
        };
        if !holds {
            return Err(format!("not {word} {rule}: {value}"));
        }
    }
    Ok(())
}

#[test]
fn schema_accepts_every_file() {
    let schema: Value = serde_json::from_str(catalog::text("schema.json").expect("embedded")).expect("JSON");
    for folder in ["annotations", "configmap", "controllers", "findings"] {
        for (file, text) in catalog::texts(folder) {
            let value: Value = serde_yaml::from_str(text).expect("YAML");
            assert_eq!(check(&schema, &schema, &value), Ok(()), "{folder}/{file}.yaml");
        }
    }
}

#[test]
fn schema_refuses_an_unknown_field() {
    let schema: Value = serde_json::from_str(catalog::text("schema.json").expect("embedded")).expect("JSON");
    let finding =
        serde_json::json!([{"code": "a/b", "severity": "low", "title": "t", "message": "m", "why": "w", "advice": "a", "colour": "red"}]);
    assert!(check(&schema, &schema, &finding).is_err());
}
