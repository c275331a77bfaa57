using System.Text.Json;
using Routing.Budgets;
using Routing.Selection;

namespace Routing.Tests.Selection;

/// <summary>What holds for every snapshot and every request; the seed of a failure is in its message.</summary>
public sealed class SelectModelPropertyTests
{
    const int Cases = 4000;

    [Fact]
    public void The_same_is_decided_every_time() => ForAll((snapshot, request, decision) =>
        Assert.Equal(Text(decision), Text(SelectModel.Decide(snapshot with { Models = [.. snapshot.Models] }, request with { MaxTokens = request.MaxTokens }))));

    [Fact]
    public void No_hold_is_above_what_is_left_of_any_budget_or_of_the_tasks_limit() => ForChosen((snapshot, request, chosen) =>
    {
        foreach (var candidate in chosen.Candidates.Where(c => c.Hold > NanoUsd.Zero))
        {
            Assert.True(candidate.Hold <= NanoUsd.Floor(snapshot.Policies.ByName[chosen.Policy].Config.MaxCostPerTaskUsd) - request.SpentByTask, $"{candidate.Model.Slug}: the limit for a task");
            foreach (var budget in snapshot.Budgets.Where(b => b.IsHard && Concerns(b, request, candidate)))
                Assert.True(candidate.Hold <= budget.Left && (budget.Period != "task" || candidate.Hold <= budget.Amount - request.SpentByTask), $"{candidate.Model.Slug}: {budget}");
        }
    });

    [Fact]
    public void No_candidate_is_unusable() => ForChosen((snapshot, request, chosen) =>
    {
        foreach (var candidate in chosen.Candidates)
        {
            var (model, asked, config) = (candidate.Model, snapshot.Policies.ByName[chosen.Policy].Config, snapshot.Policies.ByName[candidate.Policy].Config);
            Assert.All(request.Needs.Concat(asked.Requires).Concat(config.Requires), need => Assert.True(Capabilities.Has(model, need), $"{model.Slug} lacks {need}"));
            Assert.True(request.Images == 0 || model.InputModalities.Contains("image"));
            Assert.NotNull(model.Price);
            Assert.False(model.ExpiresAt <= snapshot.TakenAt);
            Assert.DoesNotContain((model.Provider, model.Slug), request.Tried);
            Assert.False(snapshot.Standing.ContainsKey((model.Provider, model.Slug)) || snapshot.Standing.ContainsKey((model.Provider, "")));
            Assert.All([asked.Data, config.Data], data =>
            {
                Assert.True(!data.ZeroRetention || model.IsZeroRetention);
                Assert.True(!data.EuOnly || model.Regions.SetEquals(["eu"]));
                Assert.DoesNotContain(model.Provider, data.DenyProviders);
            });
        }
    });

    [Fact]
    public void The_output_is_between_the_floor_and_what_is_wanted_and_fits_the_context() => ForChosen((snapshot, request, chosen) =>
    {
        foreach (var candidate in chosen.Candidates)
        {
            var config = snapshot.Policies.ByName[candidate.Policy].Config;
            var wanted = Math.Min(request.MaxTokens ?? config.MaxTokens, config.MaxTokens);
            Assert.InRange(candidate.MaxTokens, Math.Min(config.MinTokens, wanted), wanted);
            Assert.True(candidate.MaxTokens <= (candidate.Model.MaxOutputTokens ?? long.MaxValue));
            Assert.True(request.InputTokens + candidate.MaxTokens <= (candidate.Model.ContextTokens ?? long.MaxValue));
        }
    });

    [Fact]
    public void Without_evidence_the_priorities_are_the_order() => ForChosen((snapshot, _, chosen) =>
    {
        var models = snapshot.Policies.ByName[chosen.Candidates[0].Policy].Config.Models;
        var order = models.Index().OrderBy(m => m.Item.Priority).ThenBy(m => m.Index).Select(m => m.Item).ToList();
        var places = chosen.Candidates.Select(c => order.FindIndex(m => m.Model == c.Model.Slug) is >= 0 and var own ? own : order.FindIndex(m => m.Aliases.Contains(c.Model.Slug))).ToArray();
        if (order.SelectMany(m => m.Aliases).Distinct().Count() == order.Sum(m => m.Aliases.Count)) Assert.Equal(places.Order(), places); // else it is not known whose successor it is
        Assert.Contains(chosen.Confidence, new[] { 0.5, 1 });
    }, withRecords: false);

    [Fact]
    public void More_money_never_turns_a_choice_into_a_refusal() => ForChosen((snapshot, request, _) =>
    {
        var richer = snapshot with
        {
            Budgets = [.. snapshot.Budgets.Select((b, i) => i % 2 == 0 ? b with { Amount = b.Amount + new NanoUsd(50_000_000) } : b)],
            Policies = snapshot.Policies with { ByName = snapshot.Policies.ByName.ToDictionary(p => p.Key, p => p.Value with { Config = p.Value.Config with { MaxCostPerTaskUsd = p.Value.Config.MaxCostPerTaskUsd + 0.05m } }) },
        };
        Assert.IsType<RoutingDecision.Chosen>(SelectModel.Decide(richer, request));
    });

    [Fact]
    public void Every_model_of_the_policy_is_a_candidate_or_passed_over_with_a_reason() => ForAll((snapshot, request, decision) =>
    {
        Assert.All(decision.Excluded, e => Assert.True(e.Reason.Length > 10 && e.Reason.EndsWith('.'), e.Reason));
        if (decision is RoutingDecision.Nobody { Code: "unknown_policy" }) return;
        var candidates = decision is RoutingDecision.Chosen chosen ? chosen.Candidates.Select(c => c.Model.Slug) : [];
        var told = candidates.Concat(decision.Excluded.Select(e => e.Slug)).ToHashSet();
        var policy = decision is RoutingDecision.Chosen { Policy: var name } ? snapshot.Policies.ByName[name] : snapshot.Policies.Find(request.Policy ?? snapshot.Policies.TaskTypes.GetValueOrDefault(request.TaskType ?? "", ""));
        foreach (var model in policy?.Config.Models ?? []) Assert.True(told.Contains(model.Model) || model.Aliases.Any(told.Contains), $"nothing is said of {model.Model}");
        Assert.Equal(decision.Excluded.Count, decision.Excluded.Distinct().Count());
    });

    [Fact]
    public void A_choice_has_reasons_and_a_refusal_has_a_code_and_names_its_budget() => ForAll((_, _, decision) =>
    {
        if (decision is RoutingDecision.Chosen chosen)
        {
            Assert.All(chosen.Reasons.Concat(chosen.Candidates.SelectMany(c => c.Reasons)), r => Assert.True(r.EndsWith('.') && char.IsLetter(r[0]), r));
            Assert.InRange(chosen.Confidence, 0, 1);
            Assert.Equal(chosen.Candidates.Count, chosen.Candidates.DistinctBy(c => (c.Model.Provider, c.Model.Slug)).Count());
        }
        if (decision is not RoutingDecision.Nobody nobody) return;
        Assert.Contains(nobody.Code, new[] { "unknown_policy", "no_usable_model", "too_long", "over_budget" });
        Assert.Equal(nobody.Code == "over_budget", nobody.Refusal is not null);
        if (nobody.Refusal is { } refusal) Assert.True(refusal.Needed > refusal.Left, nobody.Reason);
    });

    static void ForChosen(Action<RoutingSnapshot, RoutingRequest, RoutingDecision.Chosen> holds, bool withRecords = true)
    {
        var seen = 0;
        ForAll((snapshot, request, decision) =>
        {
            if (decision is not RoutingDecision.Chosen chosen) return;
            seen++;
            holds(snapshot, request, chosen);
        }, withRecords);
        Assert.InRange(seen, Cases / 4, Cases); // or it would say little
    }

    static void ForAll(Action<RoutingSnapshot, RoutingRequest, RoutingDecision> holds, bool withRecords = true)
    {
        for (var seed = 0; seed < Cases; seed++)
        {
            var random = new RandomRouting(seed);
            var snapshot = random.Snapshot(withRecords);
            var request = random.Request();
            try
            {
                holds(snapshot, request, SelectModel.Decide(snapshot, request));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"With the seed {seed}: {e.Message}", e);
            }
        }
    }

    static bool Concerns(BudgetLeft budget, RoutingRequest request, Candidate candidate) => budget.Key == budget.Scope switch
    {
        "total" => "",
        "tenant" => request.Tenant,
        "policy" => candidate.Policy,
        "task_kind" => request.TaskKind ?? request.TaskType,
        "model" => candidate.Model.Slug,
        "provider" => candidate.Model.Provider,
        _ => request.Worker,
    };

    static string Text(RoutingDecision decision) => JsonSerializer.Serialize<object>(decision);
}
