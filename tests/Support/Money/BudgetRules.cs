namespace Support.Money;

/// <summary>What must hold of budgets and of the ledger at every moment.</summary>
public static class BudgetRules
{
    /// <summary>
    /// In one snapshot: no hard budget is passed; what is granted is what the slices add up to; no process's open calls hold more than it was granted;
    /// what is settled is what the calls have cost. One text with all that does not hold, or null.
    /// </summary>
    public const string ViolationsSql = """
        select string_agg(what, '; ') from (
            select format('window %s of %s: settled %s + granted %s > %s', w.window_key, b.scope, w.settled_usd, w.granted_usd, b.amount_usd) as what
            from budget_windows w join cost_budgets b on b.budget_id = w.budget_id where b.is_hard and w.settled_usd + w.granted_usd > b.amount_usd
            union all
            select format('window %s of %s: granted %s, slices %s', w.window_key, b.scope, w.granted_usd, coalesce(s.usd, 0))
            from budget_windows w join cost_budgets b on b.budget_id = w.budget_id
            left join (select budget_id, window_key, sum(granted_usd) as usd from budget_slices group by 1, 2) s on s.budget_id = w.budget_id and s.window_key = w.window_key
            where w.granted_usd <> coalesce(s.usd, 0)
            union all
            select format('slice of %s: granted %s, its open calls hold %s', s.holder_id, s.granted_usd, h.usd)
            from budget_slices s join (
                select m.holder_id, w.budget_id, w.window_key, sum(m.hold_usd) as usd
                from model_selections m cross join lateral unnest(m.budget_ids, m.window_keys) w(budget_id, window_key) where m.outcome = 'open' group by 1, 2, 3
            ) h on h.holder_id = s.holder_id and h.budget_id = s.budget_id and h.window_key = s.window_key
            where h.usd > s.granted_usd
            union all
            select format('window %s of %s: settled %s, its calls cost %s', w.window_key, b.scope, w.settled_usd, coalesce(c.usd, 0))
            from budget_windows w join cost_budgets b on b.budget_id = w.budget_id
            left join (
                select x.budget_id, x.window_key, sum(m.cost_usd) as usd from model_selections m cross join lateral unnest(m.budget_ids, m.window_keys) x(budget_id, window_key)
                where m.outcome <> 'open' group by 1, 2
            ) c on c.budget_id = w.budget_id and c.window_key = w.window_key
            where w.settled_usd <> coalesce(c.usd, 0)
        ) v
        """;
}
