//! The HTML report in a real browser: no error, no request, filters and keys do what they say. Skipped with a message without Chromium.

use std::{fmt::Write as _, fs, path::PathBuf, time::Instant};

use gateshift::{
    compare::Limits,
    read,
    report::{self, risk},
};
use serde_json::json;

use crate::{
    browser::Browser,
    report::{add, hostile, report_of},
};

fn page(name: &str, input: &str, target: &str) -> PathBuf {
    let reading = read::texts([("input.yaml".to_owned(), input.to_owned())], &read::Options::default());
    let file = std::env::temp_dir().join(format!("gateshift-page-{}-{name}.html", std::process::id()));
    fs::write(&file, report::report_html(&report_of(&reading, target, false))).expect("page is written");
    file
}

fn shop() -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/clusters/shop");
    ["boutique.yaml", "payments.yaml", "platform.yaml"].map(|file| fs::read_to_string(root.join(file)).expect("shop")).join("\n---\n")
}

#[test]
fn filters_and_keys_work_without_an_error_or_a_request() {
    let file = page("shop", &shop(), "envoy-gateway");
    let Some(mut browser) = Browser::open(&file, 1280) else { return };
    let rows = "document.querySelectorAll('#list .row').length";
    assert_eq!(browser.value(rows), json!(4));
    // `/` leads to the search, and typing filters.
    browser.press("/", 191, "/");
    assert_eq!(browser.value("document.activeElement.id"), json!("q"));
    for letter in ["p", "a", "y", "m", "e", "n", "t", "s"] {
        browser.press(letter, 0, letter);
    }
    browser.wait("document.querySelectorAll('#list .row').length === 1");
    assert_eq!(browser.value("document.querySelector('#list .name').textContent"), json!("shop.example.com"));
    assert_eq!(browser.value("document.querySelectorAll('#treemap .out').length"), json!(3), "the map shows what is filtered");
    // Escape clears.
    browser.press("Escape", 27, "");
    browser.wait("document.querySelectorAll('#list .row').length === 4");
    // Each filter of its own.
    let choose = |select: &str, value: &str| {
        format!(
            "(() => {{ const s = document.getElementById('{select}'); s.value = '{value}'; s.dispatchEvent(new Event('change')); return {rows}; }})()"
        )
    };
    assert_eq!(browser.value(&choose("by-namespace", "payments")), json!(1));
    assert_eq!(browser.value(&choose("by-namespace", "")), json!(4));
    let rewrite = "[...document.getElementById('by-annotation').options].find((o) => o.text === 'rewrite-target').value";
    let index = browser.value(rewrite);
    assert_eq!(browser.value(&choose("by-annotation", index.as_str().expect("a value"))), json!(1));
    assert_eq!(browser.value(&choose("by-annotation", "")), json!(4));
    assert_eq!(
        browser.value(&format!("(() => {{ document.querySelector('#by-risk [data-level=\"1\"]').click(); return {rows}; }})()")),
        json!(1)
    );
    browser.value("document.querySelector('#filters [type=reset]').click()");
    // From the map by keys to the routes of a host on both sides.
    browser.value("document.querySelector('#treemap button[tabindex=\"0\"]').focus()");
    let before = browser.value("document.activeElement.dataset.at");
    browser.press("ArrowRight", 39, "");
    assert_ne!(browser.value("document.activeElement.dataset.at"), before, "arrows move in the map");
    browser.press("Enter", 13, "\r");
    browser.wait("document.querySelectorAll('.detail .sides table').length >= 2");
    assert_eq!(browser.value("document.activeElement.className"), json!("row"), "the row of the host has the focus");
    assert_eq!(browser.value("document.activeElement.getAttribute('aria-expanded')"), json!("true"));
    // The ledger of an Ingress, and the theme.
    browser.value("document.querySelector('.detail details.block').open = true");
    browser.wait("document.querySelectorAll('.detail details.block tbody tr').length > 0");
    let dark = "getComputedStyle(document.body).backgroundColor";
    let light = browser.value(dark);
    browser.value("document.getElementById('theme').click()");
    assert_ne!(browser.value(dark), light);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let _ = fs::remove_file(file);
}

#[test]
fn clusters_are_named_and_filtered() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/clusters/shop");
    let mut estate = risk::Estate::new("envoy-gateway");
    for (cluster, input) in [("east", "boutique.yaml"), ("west", "payments.yaml")] {
        let reading = read::read(&read::Options { paths: vec![root.join(input)], ..read::Options::default() }).expect("shop");
        add(&mut estate, cluster, &reading, "envoy-gateway", &Limits { probed_hosts: 0, ..Limits::default() });
    }
    let file = std::env::temp_dir().join(format!("gateshift-page-{}-clusters.html", std::process::id()));
    fs::write(&file, report::report_html(&estate.report(None))).expect("page is written");
    let Some(mut browser) = Browser::open(&file, 1280) else { return };
    let shown = "[...document.querySelectorAll('#list .row .of')].map((one) => one.textContent)";
    let all = browser.value(shown);
    assert!(all.as_array().is_some_and(|names| names.contains(&json!("east")) && names.contains(&json!("west"))), "{all}");
    let west = "[...new Set([...document.querySelectorAll('#list .row .of')].map((one) => one.textContent))].join()";
    browser.value("(() => { const s = document.getElementById('by-cluster'); s.value = 'west'; s.dispatchEvent(new Event('change')); })()");
    assert_eq!(browser.value(west), json!("west"));
    browser.value("document.querySelector('#filters [type=reset]').click()");
    browser.value("document.querySelector('.answers [data-cluster=east]').click()");
    assert_eq!(browser.value(west), json!("east"));
    assert_eq!(browser.value("document.getElementById('by-cluster').value"), json!("east"));
    browser.value("document.querySelector('#list .row').click()");
    browser.wait("document.querySelectorAll('.detail .sides table').length >= 1");
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let _ = fs::remove_file(file);
}

#[test]
fn ingresses_without_a_host_are_found_and_everything_is_open_on_paper() {
    let ingress = |name: &str, class: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}, annotations: {{nginx.ingress.kubernetes.io/limit-rps: \"5\"}}}}\nspec: {{ingressClassName: {class}, rules: [{{host: {name}.example, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}}}]}}\n---\n"
        )
    };
    let file = page("left", &[ingress("kept", "nginx"), ingress("strange", "other")].concat(), "standard");
    let Some(mut browser) = Browser::open(&file, 400) else { return };
    browser.value("(() => { const q = document.getElementById('q'); q.value = 'strange'; q.dispatchEvent(new Event('input')); })()");
    browser.wait("document.querySelectorAll('#list .row').length === 1");
    browser.value("document.querySelector('#list .row').click()");
    browser.value("document.querySelector('#list details.block').open = true");
    browser.wait("document.querySelectorAll('#list details.block tbody tr').length > 0");
    assert_eq!(browser.value("document.querySelector('#list').textContent.includes('default/strange')"), json!(true));
    assert_eq!(browser.value("document.querySelector('#shown').textContent.startsWith('0 hosts of 1')"), json!(true));
    // Texts of findings have the width of the screen.
    browser.value("document.querySelector('#filters [type=reset]').click()");
    browser.value("document.querySelector('#list .row').click()");
    browser.wait("document.querySelectorAll('.detail .item .what').length > 0");
    assert_eq!(browser.value("[...document.querySelectorAll('.detail .item .what')].every((one) => one.clientWidth > 200)"), json!(true));
    browser.value("dispatchEvent(new Event('beforeprint'))");
    assert_eq!(browser.value("document.querySelectorAll('details:not([open])').length"), json!(0));
    assert_eq!(browser.value("[...document.querySelectorAll('details.block')].every((one) => one.querySelector('.body'))"), json!(true));
    browser.value("dispatchEvent(new Event('afterprint'))");
    assert_eq!(browser.value("document.querySelectorAll('#flags details[open]').length"), json!(0));
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let _ = fs::remove_file(file);
}

#[test]
fn hostile_names_do_nothing_in_a_browser() {
    let file = page("hostile", &hostile(), "standard");
    let Some(mut browser) = Browser::open(&file, 700) else { return };
    browser.value("window.alert = () => { document.title = 'owned'; }");
    // Everything that can be opened is opened.
    browser.value("document.querySelectorAll('#list .row').forEach((row) => row.click())");
    browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
    browser.wait("document.querySelectorAll('.detail .sides').length > 0");
    browser.value("document.querySelectorAll('.detail details').forEach((one) => { one.open = true; })");
    browser.wait("[...document.querySelectorAll('details.block')].every((one) => one.querySelector('.body'))");
    assert_eq!(browser.value("document.title.startsWith('Migration risk')"), json!(true));
    assert_eq!(browser.value("document.querySelectorAll('img, iframe, link, main script, [onmouseover], [onerror]').length"), json!(0));
    assert_eq!(browser.value("document.body.textContent.includes('<script>alert(1)')"), json!(true), "the texts are there, as texts");
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let _ = fs::remove_file(file);
}

#[test]
fn a_page_of_five_thousand_ingresses_stays_responsive() {
    const COUNT: usize = 5_000;
    let mut input = String::new();
    for at in 0..COUNT {
        let _ = write!(
            input,
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web-{at}\n  namespace: team-{}\n  annotations: {{nginx.ingress.kubernetes.io/{}}}\nspec:\n  rules:\n  - host: app-{at}.example.com\n    http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}\n---\n",
            at % 40,
            ["limit-rps: \"5\"", "proxy-body-size: 5m", "auth-url: https://a.example/", "ssl-redirect: \"true\""][at % 4],
        );
    }
    let file = page("large", &input, "envoy-gateway");
    let Some(mut browser) = Browser::open(&file, 1440) else { return };
    assert_eq!(browser.value("document.querySelectorAll('#treemap button').length >= 5000"), json!(true));
    assert_eq!(
        browser.value("document.querySelectorAll('#list .row').length < 500"),
        json!(true),
        "rows are drawn as far as somebody scrolls"
    );
    // Filtering redraws everything; the bound is wide, so that a busy machine passes and a freeze does not.
    let start = Instant::now();
    browser.value("(() => { const q = document.getElementById('q'); q.value = 'app-4321'; q.dispatchEvent(new Event('input')); })()");
    browser.wait("document.querySelectorAll('#list .row').length === 1");
    browser.value("document.querySelector('#list .row').click()");
    browser.wait("document.querySelectorAll('.detail .sides table').length >= 1");
    assert!(start.elapsed().as_secs() < 20, "filtering took {:?}", start.elapsed());
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let _ = fs::remove_file(file);
}
