//! The second secret of an instance, read whenever it is needed, beside the loop.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _, TryFutureExt as _};
use secrecy::SecretString;

use super::page_spec;
use crate::config::{self, Resolved, ResolvedTrust};
use crate::core::{Class, Fault};
use crate::services::disks::SILENT;
use crate::services::{DiskReader, ReadSecret, centrifugo};

/// The second secret, read as the config says.
struct SecondSecret {
    source: config::SecretReader,
    disk: DiskReader,
}

impl ReadSecret for SecondSecret {
    fn read(&self) -> BoxFuture<'_, Result<SecretString, Fault>> {
        let read = read_secret(self.source.clone(), &self.disk);
        read.map_err(|why| Fault::with_detail(Class::NoKey, why))
            .boxed()
    }
}

/// What `source` tells; a file is read by `disk`.
///
/// # Errors
/// Why there is none, as the end of a sentence.
pub async fn read_secret(
    source: config::SecretReader,
    disk: &DiskReader,
) -> Result<SecretString, String> {
    let Some(file) = source.file() else {
        return source.read().await;
    };
    // With a file there is nothing to wait for but the disk.
    let read = disk.read(move || source.read().now_or_never());
    let silent = || Err(format!("{}: {SILENT}", file.display()));
    read.await.flatten().unwrap_or_else(silent)
}

/// What reads an instance's second secret, files by `disk`; `None` where it has none.
pub fn second_secret(resolved: &Resolved, disk: &DiskReader) -> Option<Arc<dyn ReadSecret>> {
    let disk = disk.clone();
    if let Some(page) = &resolved.token_page {
        let pin_file = match &page.trust {
            ResolvedTrust::File(path) => Some(path.clone()),
            _ => None,
        };
        let page = centrifugo::TokenPage::new(page_spec(page), pin_file, disk);
        return Some(Arc::new(page));
    }
    let source = resolved.second.clone()?;
    Some(Arc::new(SecondSecret { source, disk }))
}
