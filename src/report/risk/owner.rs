//! Who writes an Ingress: labels and annotations of Helm, Argo CD, Flux and operators.

use crate::k8s::ObjectMeta;

/// Who writes it, most direct first: what is changed there is what lasts.
pub(super) fn owner(meta: &ObjectMeta) -> Option<(&'static str, String)> {
    let label = |key: &str| meta.labels.get(key).filter(|value| !value.is_empty());
    let annotation = |key: &str| meta.annotations.get(key).filter(|value| !value.is_empty());
    let in_namespace = |namespace: Option<&String>, name: &String| match namespace {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.clone(),
    };
    if let Some(name) = label("helm.toolkit.fluxcd.io/name") {
        return Some(("Flux HelmRelease", in_namespace(label("helm.toolkit.fluxcd.io/namespace"), name)));
    }
    if let Some(name) = label("kustomize.toolkit.fluxcd.io/name") {
        return Some(("Flux Kustomization", in_namespace(label("kustomize.toolkit.fluxcd.io/namespace"), name)));
    }
    // `APPLICATION:group/Kind:namespace/name`
    if let Some(id) = annotation("argocd.argoproj.io/tracking-id") {
        return Some(("Argo CD", id.split(':').next().unwrap_or(id).to_owned()));
    }
    if let Some(name) = label("argocd.argoproj.io/instance") {
        return Some(("Argo CD", name.clone()));
    }
    if let Some(name) = annotation("meta.helm.sh/release-name") {
        return Some(("Helm", in_namespace(annotation("meta.helm.sh/release-namespace"), name)));
    }
    let manager = label("app.kubernetes.io/managed-by");
    let release = label("app.kubernetes.io/instance").or_else(|| label("release"));
    match (manager.map(String::as_str), release, label("helm.sh/chart").or_else(|| label("chart"))) {
        (Some("Helm" | "Tiller"), Some(release), _) | (None, Some(release), Some(_)) => Some(("Helm", release.clone())),
        (Some("Helm" | "Tiller") | None, None, Some(chart)) => Some(("Helm", chart.clone())),
        (Some(manager), _, _) if manager != "Helm" && manager != "Tiller" && manager != "kustomize" => {
            Some(("operator", manager.to_owned()))
        }
        (Some(_) | None, _, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(labels: &[(&str, &str)], annotations: &[(&str, &str)]) -> Option<(&'static str, String)> {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        owner(&ObjectMeta { labels: map(labels), annotations: map(annotations), ..ObjectMeta::default() })
    }

    #[test]
    fn the_tool_that_writes_last_is_the_owner() {
        let helm = ("app.kubernetes.io/managed-by", "Helm");
        let release = ("app.kubernetes.io/instance", "shop");
        assert_eq!(of(&[helm, release], &[]), Some(("Helm", "shop".to_owned())));
        let flux = ("helm.toolkit.fluxcd.io/name", "shop");
        assert_eq!(of(&[helm, release, flux], &[]), Some(("Flux HelmRelease", "shop".to_owned())));
        let argo = ("argocd.argoproj.io/tracking-id", "web:networking.k8s.io/Ingress:shop/web");
        assert_eq!(of(&[], &[argo]), Some(("Argo CD", "web".to_owned())));
    }

    #[test]
    fn plain_labels_name_nobody() {
        assert_eq!(of(&[("app", "web"), ("app.kubernetes.io/instance", "shop")], &[]), None);
    }
}
