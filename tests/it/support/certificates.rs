//! A certificate authority and a server certificate for `localhost`, made by the `openssl` program (PostgreSQL's
//! packages bring it along).

use std::path::Path;
use std::process::Command;

/// Keys on a curve: those of RSA take seconds to make.
const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1";

/// Makes `ca.crt`, `other-ca.crt` (which signed nothing), `server.crt`, `server.key`, and the role
/// `by_certificate`'s `client.crt` and `client.key` in `folder`.
pub fn make(folder: &Path) {
    std::fs::write(folder.join("server.ext"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
        .expect("the certificate's extensions can be written");
    let subject = |name: &str| format!("/CN={name}");
    for ca in ["ca", "other-ca"] {
        openssl(
            folder,
            &format!("req -x509 {KEY} -nodes -days 30 -keyout {ca}.key -out {ca}.crt -subj"),
            &subject(ca),
        );
    }
    for (name, of) in [("server", "localhost"), ("client", "by_certificate")] {
        let request = format!("req -new {KEY} -nodes -keyout {name}.key -out {name}.csr -subj");
        openssl(folder, &request, &subject(of));
        let sign = format!("x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30");
        openssl(folder, &format!("{sign} -out {name}.crt -extfile"), "server.ext");
    }
}

fn openssl(folder: &Path, arguments: &str, last: &str) {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .arg(last)
        .current_dir(folder)
        .output()
        .expect("the tests need the `openssl` program");
    assert!(
        output.status.success(),
        "openssl {arguments} {last}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
