"""TNM of lung cancer, editions 7, 8 and 9: facts in, T, N, M and stage group out, from the tables of priors/tnm."""

from .categories import (
    Categories,
    m_categories,
    m_rules_that_hold,
    n_categories,
    n_of_station,
    n_rules_that_hold,
    t_categories,
    t_rules_that_hold,
)
from .describe import TnmDescription, describe_tnm
from .editions import EDITIONS, Category, Edition, Site, Station, read_edition
from .groups import stage_group, stage_table
from .notation import TnmWords, read_tnm
from .rules import Match, Range, Rule, match_rules

__all__ = [
    "EDITIONS", "Categories", "Category", "Edition", "Match", "Range", "Rule", "Site", "Station", "TnmDescription", "TnmWords",
    "describe_tnm", "m_categories", "m_rules_that_hold", "match_rules", "n_categories", "n_of_station", "n_rules_that_hold",
    "read_edition", "read_tnm", "stage_group", "stage_table", "t_categories", "t_rules_that_hold",
]  # fmt: skip
