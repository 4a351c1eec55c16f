//! Any snippet answers any request without panic and without end.
#![no_main]

use gateshift::request::{Request, Scheme};
use gateshift::snippet::{LocationModifier, Place, Reading, Site, SiteLocation, predict};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, &str)| {
    let (server, location, target) = input;
    let server = Reading::new(server, Place::ServerSnippet);
    let location = Reading::new(location, Place::ConfigurationSnippet);
    let mut site = Site { before: vec![&server], ..Site::default() };
    site.locations.push(SiteLocation { modifier: LocationModifier::Prefix, path: "/".to_owned(), snippets: vec![&location] });
    let request = Request {
        method: "GET".to_owned(),
        scheme: Scheme::Http,
        host: Some("shop.example".to_owned()),
        sni: None,
        target: target.to_owned(),
        headers: Vec::new(),
        body_bytes: 0,
        chunked: false,
        http_version: "1.1".to_owned(),
        client: "192.0.2.1".to_owned(),
        port: None,
        client_certificate: None,
    };
    predict(&site, &request);
});
