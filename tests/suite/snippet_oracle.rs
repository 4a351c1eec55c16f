//! The outermost ring for snippets: the cases of `testdata/snippets` in a real nginx, with the prediction compared on status,
//! `Location` and headers. `GATESHIFT_RECORD=1` writes down the answers for `snippet.rs`.

#![allow(clippy::format_push_string, reason = "short texts of a test")]
#![allow(clippy::print_stdout, reason = "tests say what they skip and what they measured")]

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use super::snippet::{Answer, Case, Recorded, cases, compare, request, wanted_verdict};

const MODULES: &str = "/usr/lib/nginx/modules";

/// Directives that stand in every location of the controller and may stand there only once.
const LOCATION: &str = r"
        rewrite_by_lua_block { }
        header_filter_by_lua_block { }
        log_by_lua_block { }
        port_in_redirect off;
        set $best_http_host $http_host;
        set $pass_access_scheme $scheme;
        client_max_body_size 1m;
        proxy_set_header Host $best_http_host;
        proxy_set_header X-Forwarded-Proto $pass_access_scheme;
        proxy_connect_timeout 5s;
        proxy_send_timeout 60s;
        proxy_read_timeout 60s;
        proxy_buffering off;
        proxy_buffer_size 4k;
        proxy_buffers 4 4k;
        proxy_max_temp_file_size 1024m;
        proxy_request_buffering on;
        proxy_http_version 1.1;
        proxy_cookie_domain off;
        proxy_cookie_path off;
        proxy_next_upstream error timeout;
        proxy_next_upstream_timeout 0;
        proxy_next_upstream_tries 3;
";

/// One server as the controller writes it, around a snippet.
fn server(case: &Case, port: u16, backend: u16) -> String {
    let at = |place: &str| if case.place == place { case.text.as_str() } else { "" };
    let pass = format!("\n        proxy_pass http://127.0.0.1:{backend};\n        proxy_redirect off;\n    }}\n");
    format!(
        "server {{\n    listen 127.0.0.1:{port};\n    server_name {name}.example.org;\n    set $proxy_upstream_name \"-\";\n{server}\n    location = /_auth {{\n        \
         internal;\n        client_max_body_size 1m;\n        proxy_pass_request_body off;\n{auth}\n        proxy_http_version 1.1;\n        \
         proxy_pass http://127.0.0.1:{backend};\n    }}\n    location \"/app/\" {{{LOCATION}{pass}    location = \"/app\" {{{LOCATION}{pass}    location \"/\" \
         {{{LOCATION}\n{location}\n{pass}}}\n",
        name = case.name,
        server = at("server-snippet"),
        auth = at("auth-snippet"),
        location = at("configuration-snippet"),
    )
}

fn configuration(folder: &Path, main: &str, http: &str, servers: &str) -> String {
    let folder = folder.display();
    let mut modules = String::new();
    for module in ["ndk_http_module", "ngx_http_headers_more_filter_module", "ngx_http_lua_module"] {
        modules += &format!("load_module {MODULES}/{module}.so;\n");
    }
    let temporary: String =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("    {kind}_temp_path {folder}/{kind};\n")).concat();
    format!(
        "{modules}daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log stderr emerg;\n{main}\nevents {{ worker_connections 256; }}\nhttp {{\n    \
         access_log off;\n{temporary}    server_tokens off;\n    more_clear_headers Server;\n    uninitialized_variable_warn off;\n    server_name_in_redirect \
         off;\n    port_in_redirect off;\n    server_names_hash_bucket_size 128;\n    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}\n    map \
         $http_x_request_id $req_id {{ default $http_x_request_id; \"\" $request_id; }}\n{http}\n    upstream upstream_balancer {{ server 127.0.0.1:9; \
         }}\n{servers}\n}}\n"
    )
}

struct Nginx {
    process: Child,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("snippet-oracle-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("folder");
    folder
}

/// What `nginx -t` says: nothing, or its first emergency.
fn test(folder: &Path, text: &str) -> Option<String> {
    let file = folder.join("test.conf");
    fs::write(&file, text).expect("configuration");
    let output = Command::new("nginx").arg("-t").arg("-p").arg(folder).arg("-c").arg(&file).output().expect("nginx -t");
    if output.status.success() {
        return None;
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = said.lines().find_map(|line| {
        line.split_once("[emerg] ")
            .map(|(_, rest)| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '#' || c == ':' || c == ' ').to_owned())
    });
    Some(line.unwrap_or(said))
}

/// Answers each request with its own head; `/status/N` with status N.
fn echo(listener: TcpListener) {
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
}

fn answer(mut stream: TcpStream) {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok();
    let (mut head, mut buffer) = (Vec::new(), [0_u8; 4096]);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => head.extend_from_slice(&buffer[..count]),
        }
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let target = text.split(' ').nth(1).unwrap_or("/");
    let status = target.strip_prefix("/status/").and_then(|rest| rest.split(['?', '/']).next()?.parse().ok()).unwrap_or(200_u16);
    let body = format!("echo\n{text}");
    let reply = format!(
        "HTTP/1.1 {status} Status\r\nX-Backend: yes\r\nX-Powered-By: echo\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(reply.as_bytes()).ok();
}

fn ask(port: u16, case: &Case, wanted: &super::snippet::Wanted) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("nginx listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("timeout");
    let request = request(case, wanted);
    let mut text = format!("{} {} HTTP/1.1\r\nHost: {}.example.org\r\nConnection: close\r\n", request.method, request.target, case.name);
    for header in &request.headers {
        text.push_str(&format!("{}: {}\r\n", header.name, header.value));
    }
    if request.body_bytes > 0 {
        text.push_str(&format!("Content-Length: {}\r\n", request.body_bytes));
    }
    text.push_str("\r\n");
    text.push_str(&"x".repeat(usize::try_from(request.body_bytes).expect("small")));
    stream.write_all(text.as_bytes()).expect("request");
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).ok();
    let reply = String::from_utf8_lossy(&raw).into_owned();
    let Some((head, body)) = reply.split_once("\r\n\r\n") else { return Answer::default() };
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let name = name.to_ascii_lowercase();
        if !["date", "content-length", "content-type", "connection", "transfer-encoding", "server"].contains(&name.as_str()) {
            headers.entry(name).or_default().push(value.to_owned());
        }
    }
    // Chunked bodies carry the length of the chunk first.
    let upstream =
        body.find("echo\n").map(|at| body[at + 5..].lines().take_while(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>());
    Answer { status, headers, upstream: upstream.unwrap_or_default() }
}

#[test]
fn a_real_nginx_answers_as_snippets_are_understood() {
    let present = Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_ok();
    if !present || !Path::new(MODULES).join("ngx_http_lua_module.so").exists() {
        crate::shared::skipped(
            "no nginx with headers-more and lua; `apt-get install nginx libnginx-mod-http-headers-more-filter libnginx-mod-http-lua`",
        );
        return;
    }
    let folder = folder();
    let listener = TcpListener::bind("127.0.0.1:0").expect("backend");
    let backend = listener.local_addr().expect("address").port();
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("port").port();
    echo(listener);
    let (mut wrong, mut servers, mut ran) = (Vec::new(), String::new(), Vec::new());
    let all = cases();
    for case in &all {
        let plain = Case { place: String::new(), ..case.clone() };
        let text = match case.place.as_str() {
            "http-snippet" => configuration(&folder, "", &case.text, &server(&plain, port, backend)),
            "main-snippet" => configuration(&folder, &case.text, "", &server(&plain, port, backend)),
            "configuration-snippet" | "server-snippet" | "auth-snippet" => configuration(&folder, "", "", &server(case, port, backend)),
            _ => continue,
        };
        let said = test(&folder, &text);
        let verdict = wanted_verdict(case);
        match (&said, verdict) {
            (None, "accepted" | "swallows") => {}
            (Some(said), "refused") if case.message.as_ref().is_none_or(|message| said.starts_with(message)) => {}
            _ => wrong.push(format!("{}: expected {verdict} {:?}, nginx says {said:?}", case.name, case.message)),
        }
        if said.is_none() && !case.requests.is_empty() {
            servers.push_str(&server(case, port, backend));
            ran.push(case);
        }
    }
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration(&folder, "", "", &servers)).expect("configuration");
    let process = Command::new("nginx").arg("-p").arg(&folder).arg("-c").arg(&file).stderr(Stdio::inherit()).spawn().expect("nginx");
    let nginx = Nginx { process };
    for _ in 0..200 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(25));
    }
    let (mut requests, mut recorded) = (0, Vec::new());
    let compared = ran.len();
    for case in ran {
        for (index, wanted) in case.requests.iter().enumerate() {
            let answer = ask(port, case, wanted);
            requests += 1;
            wrong.extend(compare(case, wanted, &answer).into_iter().map(|what| format!("{} {}: {what}", case.name, wanted.path)));
            recorded.push(Recorded { name: case.name.clone(), request: index, answer });
        }
    }
    drop(nginx);
    if std::env::var_os("GATESHIFT_RECORD").is_some() {
        let text = serde_yaml::to_string(&recorded).expect("yaml");
        let text = format!("# What nginx 1.22.1 answered; written by `GATESHIFT_RECORD=1 cargo test --test suite snippet_oracle`.\n{text}");
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/snippets/recorded.yaml"), text).expect("recorded");
    }
    fs::remove_dir_all(&folder).ok();
    println!("{} snippets read by nginx, {compared} of them with {requests} requests whose answers are compared", all.len());
    assert!(compared >= 100 && requests >= 180, "{compared} snippets, {requests} requests");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
