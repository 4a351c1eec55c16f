//! Which server to talk to and as whom: kubeconfig, else the service account of a Pod, with what the command line overrides.

use kube::config::{Config, KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::{Error, Options, Scope};

/// A server and the namespace to read; `None` for all.
pub(super) struct Configuration {
    pub(super) config: Config,
    pub(super) namespace: Option<String>,
}

pub(super) async fn load(options: &Options) -> Result<Configuration, Error> {
    let mut config = base(options).await?;
    config.connect_timeout = Some(options.patience.silence.min(std::time::Duration::from_secs(10)));
    // Silence is measured a chunk at a time, and attempts are counted here.
    config.read_timeout = None;
    config.default_retry = false;
    if let Some(user) = &options.impersonate {
        config.auth_info.impersonate = Some(user.clone());
    }
    if !options.impersonate_groups.is_empty() {
        config.auth_info.impersonate_groups = Some(options.impersonate_groups.clone());
    }
    let namespace = match &options.scope {
        Scope::All => None,
        Scope::Namespace(namespace) => Some(namespace.clone()),
        Scope::Context => Some(config.default_namespace.clone()),
    };
    if let Some(namespace) = namespace.as_ref().filter(|namespace| !super::resource::is_name(namespace)) {
        return Err(Error::Configuration(format!("`{namespace}` is no name of a namespace")));
    }
    Ok(Configuration { config, namespace })
}

async fn base(options: &Options) -> Result<Config, Error> {
    let unusable = |error: KubeconfigError| Error::Configuration(client_words(&error));
    let which = KubeConfigOptions { context: options.context.clone(), cluster: None, user: None };
    if let Some(path) = &options.kubeconfig {
        let kubeconfig = Kubeconfig::read_from(path).map_err(unusable)?;
        return Config::from_custom_kubeconfig(kubeconfig, &which).await.map_err(unusable);
    }
    match Config::from_kubeconfig(&which).await {
        Ok(config) => Ok(config),
        // A context that was asked for must be there; without one, a Pod has its service account.
        Err(error) if options.context.is_some() => Err(unusable(error)),
        Err(error) => Config::incluster().map_err(|_| unusable(error)),
    }
}

/// An error and its causes, without saying anything twice.
pub(super) fn client_words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}
