"""A person's browser: Debian's Chromium, driven through its own chromedriver."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def missing() -> str:
    """Tell what of it is not installed; empty when all is there."""
    if not any(map(shutil.which, BROWSERS)):
        return "no chromium: nobody signs in with a browser"
    return "" if shutil.which("chromedriver") else "no chromedriver: nobody drives chromium"


@contextlib.contextmanager
def browser(folder: Path, certificate: Path) -> Iterator[Chrome]:
    """Yield a browser that trusts this one certificate beside the public ones."""
    options = ChromeOptions()
    options.binary_location = next(filter(None, map(shutil.which, BROWSERS)))
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        "--no-proxy-server",
        "--window-size=900,700",
        f"--user-data-dir={folder}",
        f"--ignore-certificate-errors-spki-list={_pin(certificate)}",
    ):
        options.add_argument(argument)
    driver = Chrome(options, ChromeService(shutil.which("chromedriver")))
    try:
        driver.implicitly_wait(10)
        yield driver
    finally:
        driver.quit()


def _pin(certificate: Path) -> str:
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(der).digest()).decode()
