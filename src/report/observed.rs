//! An outcome in the words of recorded answers: only keys that the model claims.

use serde_json::{Map, Value, json};

use crate::request::{Decision, Forward, NoAnswer, Outcome};

/// `{status, backend | split, upstream, headers, certificate, error, unmodelled, undecided}` as far as the model claims them.
pub fn observed(decision: &Decision, undecided: Option<&str>) -> Value {
    let mut map = Map::new();
    match &decision.outcome {
        Outcome::Forward(forward) => forwarded(&mut map, forward),
        Outcome::Redirect { status, location, response_headers } => {
            map.insert("status".to_owned(), json!(status));
            let mut all = vec![("location".to_owned(), Some(location.clone()))];
            all.extend(response_headers.iter().filter(|(name, _)| name != "location").cloned());
            headers(&mut map, &all);
        }
        Outcome::Respond { status, response_headers } | Outcome::Deny { status, response_headers, .. } => {
            map.insert("status".to_owned(), json!(status));
            headers(&mut map, response_headers);
        }
        Outcome::NoRoute { response_headers } => {
            map.insert("status".to_owned(), json!(404));
            headers(&mut map, response_headers);
        }
        Outcome::NoAnswer(why) => {
            let word = match why {
                NoAnswer::Refused => "refused",
                NoAnswer::Reset => "reset",
                NoAnswer::Tls => "tls",
            };
            map.insert("error".to_owned(), json!(word));
        }
        Outcome::Unmodelled { what } => {
            map.insert("unmodelled".to_owned(), json!(what));
        }
    }
    if let Some(certificate) = &decision.certificate {
        map.insert("certificate".to_owned(), json!(certificate));
    }
    if let Some(why) = undecided {
        map.insert("undecided".to_owned(), json!(why));
    }
    Value::Object(map)
}

fn forwarded(map: &mut Map<String, Value>, forward: &Forward) {
    let Forward { split, method, target, host, speech, handshakes: _, headers: sent, response_headers } = forward;
    match split.as_slice() {
        [only] => {
            if let Some(backend) = &only.backend {
                map.insert("backend".to_owned(), json!(backend));
            }
            if let Some(status) = only.status {
                map.insert("status".to_owned(), json!(status));
            }
        }
        several => {
            let total: u64 = several.iter().map(|share| share.weight).sum();
            let mut shares = Map::new();
            for share in several.iter().filter(|share| share.weight > 0) {
                let name = share.backend.clone().unwrap_or_else(|| share.status.unwrap_or(500).to_string());
                #[expect(clippy::cast_precision_loss, reason = "weights are at most a million")]
                let part = share.weight as f64 / total as f64;
                shares.insert(name, json!(part));
            }
            map.insert("split".to_owned(), Value::Object(shares));
        }
    }
    let mut upstream = Map::new();
    upstream.insert("method".to_owned(), json!(method));
    upstream.insert("path".to_owned(), json!(target));
    if let Some(host) = host {
        upstream.insert("host".to_owned(), json!(host));
    }
    for (key, holds) in [("tls", speech.iter().all(|speech| speech.is_tls())), ("http2", speech.iter().all(|speech| speech.is_http2()))] {
        if holds && !speech.is_empty() {
            upstream.insert(key.to_owned(), json!(true));
        }
    }
    headers(&mut upstream, sent);
    map.insert("upstream".to_owned(), Value::Object(upstream));
    headers(map, response_headers);
}

/// Headers that are sent; those that are claimed not to be sent are left out, as in recorded answers.
fn headers(map: &mut Map<String, Value>, claimed: &[(String, Option<String>)]) {
    let mut lines: Map<String, Value> = Map::new();
    for (name, value) in claimed {
        let Some(value) = value else { continue };
        match lines.get_mut(name) {
            Some(Value::Array(list)) => list.push(json!(value)),
            Some(known) => *known = json!([known.clone(), value]),
            None => {
                lines.insert(name.clone(), json!(value));
            }
        }
    }
    if !lines.is_empty() {
        map.insert("headers".to_owned(), Value::Object(lines));
    }
}
