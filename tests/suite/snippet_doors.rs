//! What snippets refuse today stays refused in what is written, whatever the judge says of it; and what is served stays served.

use gateshift::{
    compare::{Judgement, Router, describe},
    nginx,
    request::{Header, Request, Unknown},
};

use super::{judge, snippet_conversion::objects};

/// `METHOD /path`, then `Name: value` or `client ADDRESS`, with commas between.
fn request(text: &str) -> Request {
    let mut words = text.split(", ");
    let (method, target) = words.next().and_then(|line| line.split_once(' ')).expect("method and path");
    let mut request = Request { method: method.to_owned(), ..judge::get(target) };
    for word in words {
        match (word.strip_prefix("client "), word.split_once(": ")) {
            (Some(client), _) => client.clone_into(&mut request.client),
            (None, Some((name, value))) => request.headers.push(Header { name: name.to_owned(), value: value.to_owned() }),
            (None, None) => panic!("{word}"),
        }
    }
    request
}

/// What happens to a request today, and behind what is written.
fn both(yaml: &str, target: &str, text: &str) -> [String; 2] {
    let inventory = judge::inventory(yaml);
    let old = judge::ingresses(&inventory);
    let new = judge::manifests(&judge::converted(&old, &inventory, target), &inventory, target);
    let request = request(text);
    let before = Router::decide(&nginx::Router::new(&old), &request, &Unknown);
    let after = Router::decide(&new, &request, &Unknown);
    [before, after].map(|decided| describe::outcome(&decided.decision.outcome))
}

fn is_served(outcome: &str) -> bool {
    outcome.starts_with("sent to") || outcome.starts_with("split between")
}

/// An annotation beside the snippet.
fn beside(annotation: &str, yaml: &str) -> String {
    if annotation.is_empty() {
        return yaml.to_owned();
    }
    yaml.replace("annotations: {", &format!("annotations: {{nginx.ingress.kubernetes.io/{annotation}, "))
}

const EVERY: &[&str] = &["standard", "envoy-gateway", "kgateway", "nginx-gateway-fabric", "traefik"];

/// Snippet, annotation beside it, and a request that its author keeps from the backend.
const REFUSED: &[(&str, &str, &str, &str)] = &[
    ("server-snippet", "location ~* /metrics { deny all; }", "", "GET /metrics"),
    ("server-snippet", r"location ~ /\.(git|env) { deny all; }", "", "GET /.git/config"),
    ("server-snippet", "location ~ ^/a$|/secret$ { deny all; }", "", "GET /x/secret"),
    ("configuration-snippet", "if (!-e $request_filename) { return 403; }", "", "GET /x"),
    ("server-snippet", "if (!-f $request_filename) { return 404; }", "", "GET /x"),
    ("configuration-snippet", "if ($request_method ~ ^(DELETE|PROPFIND)$) { return 403; }", "", "PROPFIND /"),
    ("configuration-snippet", "if ($request_method ~ \"^(?!GET$|POST$)\") { return 403; }", "", "PROPFIND /"),
    (
        "configuration-snippet",
        "if ($request_method !~ ^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH)$) { return 405; }",
        "",
        "PROPFIND /",
    ),
    ("configuration-snippet", "if ($cookie_sess !~ \"^[a-z]+$\") { return 302 https://login.example/; }", "", "GET /"),
    ("configuration-snippet", "if ($remote_addr != 127.0.0.1) { return 302 https://login.example/; }", "", "GET /"),
    ("configuration-snippet", "if ($remote_addr != 127.0.0.1) { return 503; }", "", "GET /"),
    ("configuration-snippet", "if ($remote_addr != 127.0.0.1) { rewrite ^ /denied.html last; }", "", "GET /"),
    ("configuration-snippet", "if ($args !~ \"key=[0-9]+x\") { return 302 https://login.example/; }", "", "GET /"),
    (
        "server-snippet",
        "set $m 0; if ($remote_addr != 127.0.0.1) { set $m 1; } if ($uri ~ ^/pub) { set $m 0; } if ($m = 1) { return 302 https://m.example/; }",
        "",
        "GET /",
    ),
    ("configuration-snippet", "if ($http_x_forwarded_for ~ \"^9\\.9\\.\") { return 403; }", "", "GET /, X-Forwarded-For: 9.9.9.9"),
    ("configuration-snippet", "if ($http_x_real_ip = 9.9.9.9) { return 403; }", "", "GET /, X-Real-IP: 9.9.9.9"),
    ("configuration-snippet", "if ($http_x_scheme = http) { return 403; }", "", "GET /, X-Scheme: http"),
    ("configuration-snippet", "if ($http_x_forwarded_proto != https) { return 301 https://$host$request_uri; }", "", "GET /"),
    (
        "server-snippet",
        "location /public/ { allow all; location ~ \\.json$ { proxy_pass http://web.shop.svc.cluster.local; } proxy_pass http://web.shop.svc.cluster.local; }",
        "allowlist-source-range: 127.0.0.0/29",
        "GET /private/x.json, client 127.0.0.9",
    ),
    (
        "server-snippet",
        "location /a { allow 127.0.0.2; deny all; location /a/pub { proxy_pass http://web.shop.svc.cluster.local; } }",
        "",
        "GET /a/pub/x, client 127.0.0.3",
    ),
];

#[test]
fn what_a_snippet_keeps_from_the_backend_is_not_written_as_a_way_to_it() {
    let mut wrong = Vec::new();
    for (place, text, other, asked) in REFUSED {
        for target in EVERY {
            let [before, after] = both(&beside(other, &objects(place, text)), target, asked);
            if is_served(&before) || is_served(&after) {
                wrong.push(format!("{text} for {target}: {asked}: {before}, then {after}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Snippet, and a request that reaches the backend before and after.
const SERVED: &[(&str, &str, &str)] = &[
    ("server-snippet", "location ~* /metrics { deny all; }", "GET /a"),
    ("server-snippet", "location /a/ { location ~ \\.txt$ { return 403; } return 204; }", "GET /x.txt"),
    ("configuration-snippet", "if ($http_x = 1) { set $a 1; } if ($a) { return 403; } set $a 1;", "GET /"),
    (
        "server-snippet",
        "if ($request_method = POST) { set $a 1; } if ($http_b) { set $a \"${a}2\"; } if ($a = 12) { return 403; }",
        "GET /",
    ),
    ("configuration-snippet", "if ($request_method !~ ^(GET|POST)$) { return 405; }", "POST /"),
    ("configuration-snippet", "if (-f $document_root/maintenance.html) { return 503; }", "GET /"),
    ("configuration-snippet", "proxy_set_header Host \"\";", "GET /"),
    ("server-snippet", "set $proxy_upstream_name elsewhere;", "GET /"),
];

#[test]
fn what_a_snippet_lets_pass_is_not_closed() {
    for (place, text, asked) in SERVED {
        let [before, after] = both(&objects(place, text), "envoy-gateway", asked);
        let unknown = text.contains("-f");
        assert!((unknown || is_served(&before)) && is_served(&after), "{text}: {asked}: {before}, then {after}");
    }
}

#[test]
fn a_refused_prefix_leaves_longer_paths_alone() {
    let more = "      - {path: /admin/ui, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}\n";
    let yaml = objects("server-snippet", "location /admin { deny all; }") + more;
    for (asked, served) in [("GET /admin/ui/x", true), ("GET /admin", false), ("GET /admin/x", false), ("GET /administration", false)] {
        let [before, after] = both(&yaml, "envoy-gateway", asked);
        assert_eq!([is_served(&before), is_served(&after)], [served, served], "{asked}: {before}, then {after}");
    }
}

/// Snippets whose effect is lost or not known: nothing of it may be proved the same.
const NOT_SAME: &[&str] = &[
    "more_set_headers -t text/html \"X-T: 1\";",
    "set_by_lua_block $foo { return 1 } more_set_headers \"X-L: $foo\";",
    "more_set_headers \"X-Srv: $hostname\";",
    "set $args \"\";",
    "proxy_pass_request_body off;",
    "proxy_set_header X-Forwarded-Proto wss;",
];

#[test]
fn what_is_not_kept_or_not_known_is_not_proved() {
    for text in NOT_SAME {
        let comparison = judge::migration(&objects("configuration-snippet", text), "envoy-gateway");
        let host = comparison.hosts.iter().find(|host| host.host == "shop.example").expect("host");
        assert!(!matches!(host.verdict, Judgement::Proved(_)), "{text}\n{}", judge::summary(&comparison));
    }
}

/// Snippets that are kept in full.
const SAME: &[(&str, &str)] = &[
    ("configuration-snippet", "return 301 https://$server_name$request_uri;"),
    ("configuration-snippet", "proxy_set_header X-Real-IP \"\"; proxy_set_header X-Request-ID \"\";"),
    (
        "configuration-snippet",
        "proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;",
    ),
    ("configuration-snippet", "expires 1h;"),
    (
        "server-snippet",
        "location /a { add_header X-P 1 always; location = /a/b { return 200 b; } location = /a/c { add_header X-C 1 always; return 200 c; } return 200 a; }",
    ),
    ("server-snippet", "location /a { location ~ \\.txt$ { return 200 txt; } location ~ ^/a/x { return 200 x; } return 200 a; }"),
];

#[test]
fn what_is_kept_is_proved() {
    for (place, text) in SAME {
        let found = judge::summary(&judge::migration(&objects(place, text), "envoy-gateway"));
        let lines: Vec<&str> = found.lines().filter(|line| line.starts_with("  ") && !line.contains("difference/own-page")).collect();
        let apart = |line: &&&str| !line.contains("difference/element-boundary");
        assert!(lines.iter().find(apart).is_none(), "{text}\n{found}");
    }
}
