"""What readers are told: ZeroNVS's rate, by the arithmetic of its loader."""

from worker.export import advice


def test_at_the_rate_that_is_advised_its_loader_takes_a_pair():
    for views in range(2, 5000):
        rate = advice.least_rate(views)
        assert int(rate * views) >= 1
        assert int((rate - 2 / advice.STEPS) * views) < 1


def test_its_published_rate_takes_no_pair_of_few_views():
    assert [advice.pairs(0.025, views) for views in (24, 39, 40, 100)] == [0, 0, 1, 2]
