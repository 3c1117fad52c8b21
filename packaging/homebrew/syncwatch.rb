# brew install --build-from-source ./syncwatch.rb
class Syncwatch < Formula
  desc "Watches Syncthing over HTTPS with pinned certificates"
  homepage "https://syncwatch.example"
  url "https://github.com/syncwatch/syncwatch/archive/refs/tags/v0.1.0.tar.gz"
  # Of the published archive.
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license any_of: ["MIT", "Apache-2.0"]
  head "https://github.com/syncwatch/syncwatch.git", branch: "main"

  depends_on "rust" => :build

  def install
    system "cargo", "install", *std_cargo_args
    system bin/"syncwatch", "generate", "man", "--dir", buildpath/"man"
    man1.install Dir["man/*.1"]
    man5.install Dir["man/*.5"]
    generate_completions_from_executable(bin/"syncwatch", "generate", "completions")
  end

  service do
    run [opt_bin/"syncwatch", "daemon"]
    keep_alive crashed: true
    log_path var/"log/syncwatch.log"
    error_log_path var/"log/syncwatch.log"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/syncwatch --version")
    system bin/"syncwatch", "config", "init", "--config", testpath/"config.toml"
    assert_match "[[instance]]", (testpath/"config.toml").read
  end
end
