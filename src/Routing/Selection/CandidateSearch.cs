using Routing.Budgets;
using Routing.Catalog;

namespace Routing.Selection;

/// <summary>One decision under way: goes through the models of a policy, keeps those that fit the request and the money, and why the others do not.</summary>
sealed class CandidateSearch
{
    /// <summary>More than anybody can send; beyond it sums would not be sums any more.</summary>
    const long MostInput = 1L << 50;

    readonly SnapshotIndex index;
    readonly RoutingRequest request;
    readonly IndexedPolicy asked;
    readonly MoneyLeft money;
    readonly long inputBytes, inputTokens;
    readonly List<Excluded> excluded = [];

    public CandidateSearch(SnapshotIndex index, RoutingRequest request, IndexedPolicy asked)
    {
        (this.index, this.request, this.asked) = (index, request, asked);
        (inputBytes, inputTokens) = (Math.Clamp(request.InputBytes, 0, MostInput), Math.Clamp(request.InputTokens, 0, MostInput));
        money = new MoneyLeft(asked.Limit - request.SpentByTask, null);
        if (index.Budgets.IsEmpty) return;
        money = money.And(index.Budgets.Total, request.SpentByTask)
            .And(index.Budgets.Of("tenant", request.Tenant), request.SpentByTask)
            .And(index.Budgets.Of("task_kind", request.TaskKind ?? request.TaskType), request.SpentByTask)
            .And(index.Budgets.Of("worker", request.Worker), request.SpentByTask);
    }

    public IReadOnlyList<Excluded> Excluded => excluded;

    /// <summary>Whether a model was passed over because the input is too long for it.</summary>
    public bool WasTooLong { get; private set; }

    /// <summary>The budget that came closest to letting a model through; null when money kept none away.</summary>
    public BudgetRefusal? Refusal { get; private set; }

    /// <returns>The models that can be used, by priority, and of each the cheapest provider first; empty when there is none.</returns>
    public List<Fit> In(IndexedPolicy policy)
    {
        var fits = new List<Fit>(policy.Entries.Length);
        var left = money.And(policy.Budgets, request.SpentByTask);
        var unmet = policy.Conditions?.Unmet(request);
        foreach (var entry in policy.Entries)
        {
            if (entry.Gone is { } gone)
            {
                Exclude(policy, gone);
                continue;
            }
            var reason = unmet ?? entry.Conditions?.Unmet(request);
            foreach (var option in entry.Options)
            {
                if (option.Excluded is { } always) Exclude(policy, always);
                else if ((reason ?? Refuse(policy, entry, option)) is { } why) Exclude(policy, option, why);
                else if (Try(policy, entry, option, left) is { } fit) fits.Add(fit);
            }
        }
        return fits;
    }

    /// <returns>Why the request cannot use the model, whatever the money; null when it can.</returns>
    string? Refuse(IndexedPolicy policy, IndexedEntry entry, IndexedOption option)
    {
        var model = option.Model;
        if (request.Tried.Count > 0 && request.Tried.Contains((model.Provider, model.Slug))) return "It was tried for this request already.";
        if (Capabilities.Missing(model, request.Needs) is { } need) return $"It lacks {need}, which the request needs.";
        if (request.Images > 0 && !model.InputModalities.Contains("image")) return "It does not take images, and the request has some.";
        if (!ReferenceEquals(policy, asked) && ModelRules.Breach(asked.Config, model, asked.Name) is { } breach) return breach;
        return policy.Conditions?.Unmet(option.Record) ?? entry.Conditions?.Unmet(option.Record);
    }

    /// <summary>Finds how much output the model may produce within context and money.</summary>
    Fit? Try(IndexedPolicy policy, IndexedEntry entry, IndexedOption option, MoneyLeft left)
    {
        var model = option.Model;
        var wanted = Math.Max(1, Math.Min(request.MaxTokens ?? policy.Config.MaxTokens, policy.Config.MaxTokens));
        var floor = Math.Min(policy.Config.MinTokens, wanted);
        var room = model.ContextTokens is { } context ? context - inputTokens : long.MaxValue;
        if (room < floor)
        {
            WasTooLong = true;
            return Exclude(policy, option, $"The input of about {inputTokens} tokens and {floor} of output do not fit its context of {model.ContextTokens}.");
        }
        if (model.MaxOutputTokens < floor) return Exclude(policy, option, $"It answers with at most {model.MaxOutputTokens} tokens, and at least {floor} are wanted.");
        var most = (int)Math.Min(Math.Min(wanted, room), model.MaxOutputTokens ?? long.MaxValue);

        var available = index.Budgets.IsEmpty ? left : left.And(option.ModelBudgets, request.SpentByTask).And(option.ProviderBudgets, request.SpentByTask);
        var (hold, tokens) = (Hold(option, most), most);
        if (!Fits(hold, available.Left))
        {
            var least = Hold(option, floor);
            if (!Fits(least, available.Left)) return ExcludeByMoney(policy, option, floor, least, available);
            tokens = MostTokens(option, floor, most, available.Left);
            hold = Hold(option, tokens);
        }
        var usage = new TokenUsage(inputTokens, LikelyOutput(tokens), Images: request.Images, Searches: request.Searches);
        return new Fit(policy, entry, option, tokens, wanted, most, hold, PriceFormula.CostUsd(model.Price!, usage, index.Snapshot.TakenAt), available);
    }

    /// <summary>A call that costs nothing needs no money.</summary>
    static bool Fits(NanoUsd hold, NanoUsd left) => hold <= left || hold == NanoUsd.Zero;

    /// <summary>Nobody knows how long an answer will be; most are far shorter than they may be.</summary>
    static int LikelyOutput(int maxTokens) => Math.Min(maxTokens, Math.Max(200, maxTokens / 4));

    /// <summary>The largest output between the floor, which fits, and the most, which does not.</summary>
    int MostTokens(IndexedOption option, int fits, int tooMany, NanoUsd left)
    {
        while (tooMany - fits > 1)
        {
            var middle = fits + (tooMany - fits) / 2;
            if (Fits(Hold(option, middle), left)) fits = middle;
            else tooMany = middle;
        }
        return fits;
    }

    NanoUsd Hold(IndexedOption option, int tokens)
    {
        const decimal Uncountable = 9_000_000_000m; // dollars; what 64 bits of nano-dollars hold is little more
        var usd = PriceFormula.MostUsd(option.Model.Price!, inputBytes, tokens, request.Images, request.Searches);
        return usd > Uncountable ? new NanoUsd(long.MaxValue) : NanoUsd.Ceiling(usd);
    }

    Fit? Exclude(IndexedPolicy policy, IndexedOption option, string reason)
    {
        Exclude(policy, new Excluded(option.Model.Provider, option.Model.Slug, reason));
        return null;
    }

    /// <summary>A policy that stands in may have the same models, which are passed over for the same reasons.</summary>
    void Exclude(IndexedPolicy policy, Excluded what)
    {
        if (ReferenceEquals(policy, asked) || !excluded.Contains(what)) excluded.Add(what);
    }

    Fit? ExcludeByMoney(IndexedPolicy policy, IndexedOption option, int floor, NanoUsd needed, MoneyLeft available)
    {
        var left = available.Left > NanoUsd.Zero ? available.Left : NanoUsd.Zero;
        if (Refusal is null || needed.Value - left.Value < Refusal.Needed.Value - Refusal.Left.Value)
            Refusal = new BudgetRefusal(available.Budget ?? TaskLimit(), needed, left);
        return Exclude(policy, option, $"It may cost {needed} even with {floor} tokens of output, and {left} is left of {MoneyWords.Name(available.Budget, asked.Name)}.");
    }

    /// <summary>The policy's own limit in the form of a budget.</summary>
    BudgetLeft TaskLimit() => new(Guid.Empty, "policy", asked.Name, "task", IsHard: true, asked.Limit, request.SpentByTask, NanoUsd.Zero, null);
}

/// <summary>A model that can be used.</summary>
/// <param name="Wanted">Output that was wanted.</param>
/// <param name="Possible">Output that the model and its context allow.</param>
/// <param name="Money">What was left for it.</param>
sealed record Fit(IndexedPolicy Policy, IndexedEntry Entry, IndexedOption Option, int MaxTokens, int Wanted, int Possible, NanoUsd Hold, decimal LikelyUsd, MoneyLeft Money)
{
    public double Score { get; set; }
}

static class MoneyWords
{
    /// <summary>A budget in words; null: the limit of a policy for a task.</summary>
    public static string Name(BudgetLeft? budget, string policy) => budget is null ? $"the limit of the policy {policy} for a task"
        : budget.Key.Length == 0 ? $"the {budget.Period} budget of all" : $"the {budget.Period} budget of the {budget.Scope} {budget.Key}";
}
