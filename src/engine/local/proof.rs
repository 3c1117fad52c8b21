//! Two programs prove to each other that they know the same secret, and say nothing that a third could use.
//!
//! View: 32 random bytes. Engine: 32 of its own and its proof. View: its proof. A proof is HMAC-SHA-256 over who
//! proves, the view's bytes and the engine's; so none can be repeated, or turned back on the one who sent it.

use std::io;

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of a secret, of what is drawn anew for each connection, and of a proof.
pub(super) const LENGTH: usize = 32;
const ENGINE: &[u8] = b"syncwatch engine 1";
const VIEW: &[u8] = b"syncwatch view 1";

type Bytes = [u8; LENGTH];

/// What the user's own programs know and others do not.
#[derive(Clone)]
pub(super) struct Secret(hmac::Key);

/// Random bytes, not to be guessed.
pub(super) fn random() -> io::Result<Bytes> {
    let mut bytes = [0; LENGTH];
    let drawn = SystemRandom::new().fill(&mut bytes);
    drawn.map_err(|_| io::Error::other("the system gives no random bytes"))?;
    Ok(bytes)
}

impl Secret {
    pub(super) fn new(bytes: &Bytes) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The view's part. Returns whether the other end knows the secret; where not, it learnt nothing.
    ///
    /// # Errors
    /// The connection broke.
    pub(super) async fn prove_as_view(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    ) -> io::Result<bool> {
        let ours = random()?;
        stream.write_all(&ours).await?;
        let (theirs, proof) = (read(stream).await?, read(stream).await?);
        if !self.is_proof(&proof, ENGINE, &ours, &theirs) {
            return Ok(false);
        }
        stream.write_all(&self.proof(VIEW, &ours, &theirs)).await?;
        Ok(true)
    }

    /// The engine's part.
    ///
    /// # Errors
    /// The other end does not know the secret, or is gone.
    pub(super) async fn prove_as_engine(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    ) -> io::Result<()> {
        let theirs = read(stream).await?;
        let ours = random()?;
        let mut answer = ours.to_vec();
        answer.extend(self.proof(ENGINE, &theirs, &ours));
        stream.write_all(&answer).await?;
        match self.is_proof(&read(stream).await?, VIEW, &theirs, &ours) {
            true => Ok(()),
            false => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }

    fn proof(&self, who: &[u8], view: &Bytes, engine: &Bytes) -> Vec<u8> {
        let message = [who, view, engine].concat();
        hmac::sign(&self.0, &message).as_ref().to_vec()
    }

    /// Takes as long whatever is wrong with it.
    fn is_proof(&self, proof: &Bytes, who: &[u8], view: &Bytes, engine: &Bytes) -> bool {
        let message = [who, view, engine].concat();
        hmac::verify(&self.0, &message, proof).is_ok()
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Bytes> {
    let mut bytes = [0; LENGTH];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::duplex;

    async fn meet(engine: Bytes, view: Bytes) -> (io::Result<()>, io::Result<bool>) {
        let (mut one, mut other) = duplex(1024);
        let (engine, view) = (Secret::new(&engine), Secret::new(&view));
        let serve = async move { engine.prove_as_engine(&mut one).await };
        let ask = async move { view.prove_as_view(&mut other).await };
        tokio::join!(serve, ask)
    }

    #[tokio::test]
    async fn one_secret_opens_and_another_does_not() {
        let (engine, view) = meet([7; 32], [7; 32]).await;
        assert!(engine.is_ok() && view.is_ok_and(|proved| proved));
        let (engine, view) = meet([7; 32], [8; 32]).await;
        // The view hangs up without a proof of its own.
        assert_eq!(
            engine.map_err(|error| error.kind()),
            Err(io::ErrorKind::UnexpectedEof)
        );
        assert!(view.is_ok_and(|proved| !proved));
    }

    #[tokio::test]
    async fn what_the_engine_said_is_no_proof_of_a_view() {
        let (mut stream, mut engine) = duplex(1024);
        let secret = Secret::new(&[7; 32]);
        let serve = async move { secret.prove_as_engine(&mut engine).await };
        let ask = async move {
            // Its own bytes and its own proof, turned back on it.
            stream.write_all(&[1; LENGTH]).await?;
            let _ = read(&mut stream).await?;
            let proof = read(&mut stream).await?;
            stream.write_all(&proof).await
        };
        let (engine, view) = tokio::join!(serve, ask);
        view.expect("said");
        assert_eq!(
            engine.map_err(|error| error.kind()),
            Err(io::ErrorKind::PermissionDenied)
        );
    }

    #[tokio::test]
    async fn a_proof_holds_for_one_connection() {
        let secret = Secret::new(&[7; 32]);
        let (view, first, second) = ([1; LENGTH], [2; LENGTH], [3; LENGTH]);
        let proof = secret.proof(VIEW, &view, &first);
        let proof: Bytes = proof.try_into().expect("as long");
        assert!(secret.is_proof(&proof, VIEW, &view, &first));
        assert!(!secret.is_proof(&proof, VIEW, &view, &second));
        assert!(!secret.is_proof(&proof, ENGINE, &view, &first));
    }
}
