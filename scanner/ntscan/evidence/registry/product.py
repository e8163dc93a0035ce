"""The product of an NT 4.0 system, from what its SYSTEM hive says."""

from ntscan.evidence.reading import DoesNotExist, Exists, Reading, Unrecognised
from ntscan.evidence.registry.key import RegistryKey
from ntscan.evidence.registry.lookup import text, texts
from ntscan.vocabulary import Product


def installed_product(options: Reading[RegistryKey]) -> Reading[Product]:
    """Tell the product by ProductType and ProductSuite (Q152078); LanmanNT is a domain controller.

    A server is taken for a Terminal Server where ProductSuite says both that and Enterprise.
    """
    product_type = text(options, "ProductType")
    if not isinstance(product_type, Exists):
        return product_type
    match product_type.value.lower():
        case "winnt":
            return Exists(value=Product.WORKSTATION)
        case "servernt" | "lanmannt":
            return _edition(texts(options, "ProductSuite"))
        case _:
            return Unrecognised(text=f"ProductType {product_type.value}")


def _edition(product_suite: Reading[tuple[str, ...]]) -> Reading[Product]:
    match product_suite:
        case DoesNotExist():
            return Exists(value=Product.SERVER)
        case Exists(value=suites):
            names = {suite.lower() for suite in suites}
            if "terminal server" in names:
                return Exists(value=Product.TERMINAL_SERVER)
            return Exists(value=Product.ENTERPRISE if "enterprise" in names else Product.SERVER)
        case other:
            return other
