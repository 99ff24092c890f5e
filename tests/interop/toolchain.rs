//! A toolchain of more than ten thousand files: Go, as Debian has it, compiles a program.

use super::{
    desk::Desk,
    peers::{self, GO},
    registry::Registry,
    tree,
};

/// One archive of Debian's two folders; the links of one into the other stay inside it.
const PACK: &str = "tar -I 'gzip -1' -cf go.tar.gz -C /usr share/go-1.19 lib/go-1.19";

/// Puts a blob and prints its digest; the registry says where to, and may say it relative.
const PUSH: &str = r#"
blob() {
    digest=sha256:$(sha256sum "$1" | cut -d ' ' -f 1)
    location=$(curl -f -i -X POST "http://$REGISTRY/v2/go/blobs/uploads/" | tr -d '\r' \
        | sed -n 's/^location: //Ip')
    case $location in /*) location=http://$REGISTRY$location ;; esac
    case $location in *\?*) location="$location&digest=$digest" ;; *) location="$location?digest=$digest" ;; esac
    curl -f -H 'Content-Type: application/octet-stream' -T "$1" "$location"
    echo "{\"mediaType\": \"$2\", \"digest\": \"$digest\", \"size\": $(stat -c %s "$1")}"
}
printf '{}' >config.json
config=$(blob config.json application/vnd.oci.empty.v1+json)
layer=$(blob go.tar.gz application/vnd.acme.toolchain.layer.v1.tar+gzip)
curl -f -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' \
    "http://$REGISTRY/v2/go/manifests/1.19.8" --data \
    "{\"schemaVersion\": 2, \"config\": $config, \"layers\": [$layer]}"
"#;

/// Compiles and runs a program as a user of Go would, without a network.
const COMPILE: &str = r#"
PATH=$(pkg prefix)/bin:$PATH
export GOROOT=$(pkg prefix go)/lib/go-1.19 GOCACHE=$HOME/go-cache GOPATH=$HOME/go
export GOPROXY=off GO111MODULE=off CGO_ENABLED=0
go build -o greet greet.go
./greet
go version
gofmt -l greet.go
"#;

const PROGRAM: &str = r#"package main

import (
	"encoding/json"
	"fmt"
	"sort"
)

func main() {
	words := []string{"compiled", "by", "an", "installed", "Go"}
	sort.Strings(words)
	text, _ := json.Marshal(words)
	fmt.Println(string(text))
}
"#;

#[test]
fn of_ten_thousand_files_compiles_and_runs_a_program() {
    if !peers::are_here(&["go-1.19", "curl", "tar"]) {
        return;
    }
    // One registry is enough for a third of a gigabyte; the small cases are on each.
    let Some(registry) = Registry::all().next() else { return };
    let desk = Desk::at(registry);
    desk.sh(PACK);
    desk.sh(PUSH);
    let digest = desk.digest("go", "1.19.8");
    let source = format!("oci = \"{}/go\"\ntag = \"1.19.8\"", desk.host());
    let expose = "[expose]\nbin = [\"lib/go-1.19/bin/go\", \"lib/go-1.19/bin/gofmt\"]";
    desk.formula("go", &format!("{source}\n\n{expose}"), &format!("any = \"{digest}\""));
    let keg = desk.install("./go.toml --allow-shadow", "go");

    let listed = desk.sh("pkg files go | wc -l");
    let packed = desk.sh("tar -tf go.tar.gz | grep -vc '/$'");
    assert_eq!(listed, packed);
    assert!(keg.len() > 10_000 && keg.len().to_string() == packed.trim(), "{}", keg.len());
    let lib = tree::read(GO.as_ref());
    let share = tree::read("/usr/share/go-1.19".as_ref());
    assert!(tree::moved(&keg, "lib/go-1.19/", "") == lib, "lib is not what Debian has");
    assert!(tree::moved(&keg, "share/go-1.19/", "") == share, "share is not what Debian has");

    desk.sandbox.write("greet.go", PROGRAM);
    let said = desk.sh(COMPILE);
    let mut said = said.lines();
    assert_eq!(said.next(), Some(r#"["Go","an","by","compiled","installed"]"#));
    assert!(said.next().unwrap().starts_with("go version go1.19.8 "));
    assert_eq!(said.next(), None, "gofmt finds nothing to change");
}
