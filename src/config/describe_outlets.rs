//! `[metrics]` and `[[hook]]` as they are in force, without secrets.

use std::fmt::Write as _;

use toml::Value;

use super::describe::{Line, describe_credential, millis, path, secret, trust};
use super::outlets::{Delivery, HookConfig, Metrics, Post};

pub(super) fn describe_metrics(metrics: &Metrics, text: &mut String) {
    let _ = writeln!(text, "[metrics]");
    let mut line = |key: &str, value: Value| {
        let _ = writeln!(text, "{key} = {value}");
    };
    if let Some(listen) = metrics.listen {
        line("listen", listen.to_string().into());
    }
    if let Some(tls) = &metrics.tls {
        line("certificate", path(&tls.certificate));
        line("key", path(&tls.key));
    }
    if !metrics.hosts.is_empty() {
        line("hosts", metrics.hosts.clone().into());
    }
    line("unprotected", metrics.unprotected.into());
    let token = metrics.token.as_ref();
    let comment = token.map(|token| secret("token", token, &mut line));
    text.push_str(&comment.unwrap_or_default());
    text.push('\n');
}

pub(super) fn describe_hook(hook: &HookConfig, text: &mut String) {
    let _ = writeln!(text, "[[hook]]");
    let mut line = |key: &str, value: Value| {
        let _ = writeln!(text, "{key} = {value}");
    };
    line("name", hook.name.as_str().into());
    let on = hook.on.iter().map(|occasion| occasion.name().to_owned());
    line("on", on.collect::<Vec<_>>().into());
    if !hook.instances.is_empty() {
        let instances: Vec<String> = hook.instances.iter().cloned().collect();
        line("instances", instances.into());
    }
    line("timeout", millis(hook.timeout));
    line("pause", millis(hook.pause));
    let comments = match &hook.delivery {
        Delivery::Run(_) => "# command is set; it is not shown\n".to_owned(),
        Delivery::Post(post) => describe_post(post, &mut line),
    };
    text.push_str(&comments);
    text.push('\n');
}

/// A URL that takes hooks often is a secret itself, as a whole.
fn describe_post(post: &Post, line: &mut Line<'_>) -> String {
    trust("trust", &post.trust, line);
    if let Some(name) = &post.server_name {
        line("server-name", name.as_str().into());
    }
    if let Some(connect) = &post.connect {
        line("connect", connect.to_string().into());
    }
    describe_credential(&post.credential, line);
    let name = match &post.credential {
        crate::core::credential::Credential::Basic { .. } => "password",
        crate::core::credential::Credential::Header { .. } => "header.value",
        _ => "token",
    };
    let url = format!(
        "# url is set, at {}; its path is not shown\n",
        post.origin()
    );
    url + &secret(name, &post.key, line)
}
