"""Whose accounts are: declared owners, and accounts that openly belong to one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from stillwatch.detect.columns import integers

OPEN = ("payment_fingerprint", "email_domain")
"""Who pays with a declared owner's card under its own domain does not hide that it is that owner."""


def with_openly_owned(accounts: pa.Table) -> pa.Table:
    """Give accounts without an organization that of the declared accounts with the same payer and e-mail domain.

    ``accounts`` has keyed int64 columns. Only where all those declared accounts have one organization.
    """
    papers = np.stack([integers(accounts[name]) for name in OPEN])
    whole = np.all([accounts[name].is_valid().to_numpy() for name in OPEN], axis=0)
    declared = accounts["organization"].is_valid().to_numpy()
    organization = integers(accounts["organization"]).copy()
    pairs, code = np.unique(papers, axis=1, return_inverse=True)
    code = code.ravel()
    owners = np.unique(np.stack([code, organization])[:, whole & declared], axis=1)
    single, count = np.unique(owners[0], return_counts=True)
    owner = np.zeros(pairs.shape[1], np.int64)
    owned = np.zeros(pairs.shape[1], bool)
    owner[owners[0]] = owners[1]
    owned[single[count == 1]] = True
    found = whole & ~declared & owned[code]
    organization[found] = owner[code[found]]
    column = pa.array(organization, mask=~(declared | found))
    return accounts.set_column(accounts.column_names.index("organization"), "organization", column)
