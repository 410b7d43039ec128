"""What a run costs, held to its budget."""

from simulator.journal import Journal
from simulator.runner.facts import Facts
from simulator.runner.observations import judged
from simulator.runner.pricing import Cost, price
from simulator.runner.result import Check
from simulator.runner.usage import read_usage
from simulator.scenario.cost import Budget


def cost_of(journal: Journal, budget: Budget | None) -> Cost:
    """What a run would have cost, by the prices that its budget names or, without one, the table's."""
    return price(read_usage(journal), budget.own_prices if budget else None)


def check_cost(budget: Budget, facts: Facts) -> Check:
    """The run costs no more than its budget."""
    cost = cost_of(facts.journal, budget)
    dearest = sorted(cost.lines, key=lambda line: -line.usd)[:3]
    parts = ", ".join(f"{line} {line.usd:.6f}" for line in dearest)
    limit = f"{budget.at_most_usd:g} USD"
    happened = f"it would cost {cost.usd:.6f} USD" + (f"; most of it: {parts}" if parts else "")
    return judged(facts, cost.usd <= budget.at_most_usd, f"cost {limit}", f"a run costs {limit} at most", happened)
