"""Tests that share something dear are run by one process: the tool that hands them out must see their groups."""

import pytest


@pytest.mark.xdist_group("one")
def test_a_group_reaches_the_tool_that_hands_out_the_tests(request):
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("the tests are not handed out by groups")
    assert request.node.nodeid.endswith("@one")
