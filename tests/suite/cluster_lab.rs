//! The ring against a real kube-apiserver with etcd: `GATESHIFT_LAB`, or `~/.cache/gateshift-lab`, holds `bin/etcd`, `bin/kube-apiserver` and
//! `crds/gateway-api-VERSION-CHANNEL`. It skips loudly where they are absent.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use gateshift::{
    gateway::limits::Version,
    k8s::NamespacedName,
    ledger::Code,
    read::{
        self,
        cluster::{self, CLUSTER_ROLE, Options, Scope},
    },
};
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::cluster::{ESTATE, converted};

/// Server, its database, and the files of both; all gone when dropped.
pub(crate) struct Lab {
    processes: Vec<Child>,
    folder: PathBuf,
    port: u16,
}

impl Drop for Lab {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().rev() {
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn home() -> Option<PathBuf> {
    let home = std::env::var_os("GATESHIFT_LAB").map(PathBuf::from).or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"))).map(|cache| cache.join("gateshift-lab"))
    })?;
    (home.join("bin/etcd").is_file() && home.join("bin/kube-apiserver").is_file()).then_some(home)
}

pub(crate) fn skip(what: &str) {
    crate::shared::skipped(&format!("{what} in GATESHIFT_LAB or ~/.cache/gateshift-lab"));
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("loopback").port()
}

fn text(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}

/// Users by token: `admin` may do everything, the others what roles say.
const TOKENS: &str = "admin,admin,admin,\"system:masters\"\nreader,reader,reader\nsome,some,some\n";

impl Lab {
    pub(crate) fn start(home: &Path) -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("lab-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let key = folder.join("sa.key");
        let made = Command::new("openssl").args(["genrsa", "-out", &text(&key), "2048"]).stderr(Stdio::null()).status();
        assert!(made.is_ok_and(|status| status.success()), "openssl makes the key of service accounts");
        fs::write(folder.join("tokens.csv"), TOKENS).expect("tokens");
        let (client, peer, port) = (free_port(), free_port(), free_port());
        let client = format!("http://127.0.0.1:{client}");
        let peer = format!("http://127.0.0.1:{peer}");
        let mut lab = Self { processes: Vec::new(), folder: folder.clone(), port };
        lab.run(
            &home.join("bin/etcd"),
            &[
                &format!("--data-dir={}", text(&folder.join("etcd"))),
                &format!("--listen-client-urls={client}"),
                &format!("--advertise-client-urls={client}"),
                &format!("--listen-peer-urls={peer}"),
                &format!("--initial-advertise-peer-urls={peer}"),
                &format!("--initial-cluster=default={peer}"),
                "--unsafe-no-fsync",
                "--log-level=warn",
            ],
        );
        lab.run(
            &home.join("bin/kube-apiserver"),
            &[
                &format!("--etcd-servers={client}"),
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                "--endpoint-reconciler-type=none",
                &format!("--secure-port={port}"),
                &format!("--cert-dir={}", text(&folder.join("pki"))),
                &format!("--token-auth-file={}", text(&folder.join("tokens.csv"))),
                "--authorization-mode=RBAC",
                "--service-cluster-ip-range=10.79.0.0/16",
                "--service-account-issuer=https://kubernetes.default.svc",
                &format!("--service-account-key-file={}", text(&key)),
                &format!("--service-account-signing-key-file={}", text(&key)),
                "--disable-admission-plugins=ServiceAccount",
            ],
        );
        lab
    }

    fn run(&mut self, program: &Path, arguments: &[&str]) {
        let name = program.file_name().and_then(|name| name.to_str()).expect("a name");
        let log = fs::File::create(self.folder.join(format!("{name}.log"))).expect("a log");
        let errors = log.try_clone().expect("a log");
        let child = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
        self.processes.push(child.expect("a process"));
    }

    fn kubeconfig(&self, user: &str) -> PathBuf {
        let path = self.folder.join(format!("kubeconfig-{user}"));
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "lab",
            "clusters": [{"name": "lab", "cluster": {
                "server": format!("https://127.0.0.1:{}", self.port),
                "certificate-authority": self.folder.join("pki/apiserver.crt"),
            }}],
            "users": [{"name": user, "user": {"token": user}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": user}}],
        });
        fs::write(&path, config.to_string()).expect("a kubeconfig");
        path
    }

    fn read(&self, user: &str, change: impl FnOnce(&mut Options)) -> read::Reading {
        let mut options = Options { kubeconfig: Some(self.kubeconfig(user)), scope: Scope::All, ..Options::default() };
        change(&mut options);
        cluster::read(&options, &mut |_| {}).expect("a reading")
    }
}

/// Writes as the administrator.
pub(crate) struct Admin {
    client: kube::Client,
}

impl Admin {
    /// Waits until the server is ready.
    pub(crate) async fn new(lab: &mut Lab) -> Self {
        for _ in 0..600 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            for process in &mut lab.processes {
                let ended = process.try_wait().expect("a process");
                assert!(
                    ended.is_none(),
                    "a server ended: {}",
                    fs::read_to_string(lab.folder.join("kube-apiserver.log")).unwrap_or_default()
                );
            }
            let Ok(kubeconfig) = kube::config::Kubeconfig::read_from(lab.kubeconfig("admin")) else { continue };
            let Ok(config) = kube::Config::from_custom_kubeconfig(kubeconfig, &kube::config::KubeConfigOptions::default()).await else {
                continue;
            };
            let Ok(client) = kube::Client::try_from(config) else { continue };
            let request = http::Request::get("/readyz").body(Vec::new()).expect("a request");
            if client.request_text(request).await.is_ok() {
                return Self { client };
            }
        }
        panic!("the server is not ready: {}", fs::read_to_string(lab.folder.join("kube-apiserver.log")).unwrap_or_default());
    }

    /// Applies objects with strict validation.
    pub(crate) async fn apply(&self, text: &str) -> Vec<String> {
        self.send(text, "").await
    }

    /// The same without storing anything.
    pub(crate) async fn try_apply(&self, text: &str) -> Vec<String> {
        self.send(text, "&dryRun=All").await
    }

    /// Removes all definitions, with what was stored in them.
    pub(crate) async fn uninstall(&self) {
        const ALL: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let ask = |request: http::request::Builder| request.body(Vec::new()).expect("a request");
        self.client.request_text(ask(http::Request::delete(ALL))).await.expect("definitions are removed");
        for _ in 0..300 {
            let list: Value = self.client.request(ask(http::Request::get(ALL))).await.expect("a list");
            if list["items"].as_array().is_some_and(Vec::is_empty) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("definitions stay");
    }

    async fn send(&self, text: &str, query: &str) -> Vec<String> {
        let mut refused = Vec::new();
        for document in serde_yaml::Deserializer::from_str(text) {
            let object = Value::deserialize(document).expect("YAML");
            if object.is_null() {
                continue;
            }
            let path = format!("{}?fieldManager=test&force=true&fieldValidation=Strict{query}", path(&object));
            // A kind that was just defined is served a moment later.
            for attempt in 0..50 {
                let request = http::Request::patch(&path).header("Content-Type", "application/apply-patch+yaml");
                match self.client.request_text(request.body(object.to_string().into_bytes()).expect("a request")).await {
                    Ok(_) => break,
                    Err(kube::Error::Api(status)) if status.code == 404 && attempt < 49 => {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    Err(error) => {
                        refused.push(format!("{path}: {error}"));
                        break;
                    }
                }
            }
        }
        refused
    }
}

fn path(object: &Value) -> String {
    let (api_version, kind) = (object["apiVersion"].as_str().expect("apiVersion"), object["kind"].as_str().expect("kind"));
    let root = if api_version.contains('/') { format!("/apis/{api_version}") } else { format!("/api/{api_version}") };
    let plural = match kind {
        "Ingress" => "ingresses".to_owned(),
        "IngressClass" => "ingressclasses".to_owned(),
        "GatewayClass" => "gatewayclasses".to_owned(),
        "BackendTLSPolicy" => "backendtlspolicies".to_owned(),
        kind => format!("{}s", kind.to_lowercase()),
    };
    let cluster_scoped =
        ["IngressClass", "GatewayClass", "Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"].contains(&kind);
    let meta = &object["metadata"];
    let namespace = if cluster_scoped { String::new() } else { format!("/namespaces/{}", meta["namespace"].as_str().unwrap_or("default")) };
    format!("{root}{namespace}/{plural}/{}", meta["name"].as_str().expect("name"))
}

/// Standard CRDs that the lab brought and that know what is written by default, oldest first.
fn releases(home: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.join("crds")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<PathBuf> = entries
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix("gateway-api-"));
            let version = name.and_then(|name| name.strip_suffix("-standard")).and_then(|version| version.parse::<Version>().ok());
            version.is_some_and(|version| version >= gateshift::translate::Emission::default().version)
        })
        .collect();
    folders.sort();
    folders
}

pub(crate) async fn install(admin: &Admin, folder: &Path) {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).expect("CRDs").flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let text = fs::read_to_string(&file).expect("a file");
        let definitions: Vec<&str> = text.split("\n---").filter(|document| document.contains("kind: CustomResourceDefinition")).collect();
        let refused = admin.apply(&definitions.join("\n---")).await;
        assert!(refused.is_empty(), "{refused:?}");
    }
}

const NAMESPACES: &str = "
{apiVersion: v1, kind: Namespace, metadata: {name: boutique}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: payments}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: ingress-nginx}}
";

const BINDINGS: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: gateshift-reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: gateshift-reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: only-ingresses}
rules: [{apiGroups: [networking.k8s.io], resources: [ingresses], verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: only-ingresses}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: only-ingresses}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: some}]
";

/// One test, because a server takes seconds and memory.
#[test]
fn a_real_server_gives_the_same_estate_and_takes_what_is_converted() {
    let Some(home) = home() else { return skip("no etcd and kube-apiserver") };
    let mut lab = Lab::start(&home);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let admin = runtime.block_on(Admin::new(&mut lab));
    for text in [NAMESPACES, CLUSTER_ROLE, BINDINGS].into_iter().chain(ESTATE.iter().copied()) {
        assert_eq!(runtime.block_on(admin.apply(text)), Vec::<String>::new());
    }

    // Without the CRDs of Gateway API.
    let live = lab.read("reader", |_| {});
    let codes: Vec<Code> = live.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::ClusterNotServed], "{:?}", live.findings);
    let files = ESTATE.iter().enumerate().map(|(at, text)| (format!("{at}.yaml"), (*text).to_owned()));
    let mut files = read::texts(files, &read::Options::default());
    files.inventory.objects.iter_mut().for_each(|(_, origin)| *origin = None);
    let manifests = converted(&files);
    assert_eq!(converted(&live), manifests);

    // A page a few objects long.
    assert_eq!(converted(&lab.read("reader", |options| options.page = 2)), manifests);

    // Only Ingresses may be read; Secrets are then taken to fit.
    let some = lab.read("some", |_| {});
    assert!(some.findings.iter().filter(|finding| finding.code == Code::ClusterForbidden).count() >= 7, "{:?}", some.findings);
    assert!(some.inventory.secrets.contains_key(&NamespacedName::new("boutique", "shop-tls")));
    assert!(!some.partial);

    // As somebody else.
    let acting = lab.read("admin", |options| options.impersonate = Some("some".to_owned()));
    assert_eq!(acting.findings, some.findings);

    for release in releases(&home) {
        runtime.block_on(install(&admin, &release));
        let version = release.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('-').nth(2)).expect("a version");
        let installed = lab.read("reader", |_| {}).inventory.gateway_api.expect("Gateway API");
        assert_eq!((installed.version.as_deref(), installed.channel.as_deref()), (Some(version), Some("standard")));
        assert_eq!(runtime.block_on(admin.apply(&manifests)), Vec::<String>::new(), "{version}");
        let objects = lab.read("reader", |options| options.extent.gateway_objects = true).inventory.gateway_objects.len();
        assert!(objects > 3, "{objects}");
        assert_eq!(converted(&lab.read("reader", |_| {})), manifests, "{version}");
    }
}
