using System.Text.Json;
using System.Text.RegularExpressions;

namespace Engine.Tasks;

/// <summary>What somebody decides at a gate.</summary>
/// <param name="Epoch">Of the opening that it is meant for; null: whatever is open, or will be the next to be.</param>
/// <param name="Decision">approved, rejected or signalled.</param>
/// <param name="By">As the audit log names them, 1 to 200 characters.</param>
/// <param name="DetailJson">An object of at most 64 KiB, for the task and for people; null: nothing.</param>
public sealed partial record NewDecision(Guid TaskId, string Gate, long? Epoch, string Decision, string By, string? DetailJson = null, string? Source = null)
{
    const int MaxDetailBytes = 60 * 1024, MaxByLength = 200;

    /// <returns>Null, or why it cannot be a decision at all.</returns>
    public string? Problem()
    {
        if (!GateName().IsMatch(Gate)) return "gate must be 1 to 63 of a to z, 0 to 9 and _, and begin with a letter.";
        if (Decision is not ("approved" or "rejected" or "signalled")) return "decision must be approved, rejected or signalled.";
        if (By.Length is 0 or > MaxByLength || By.Contains('\0', StringComparison.Ordinal)) return $"The name of who decides must have 1 to {MaxByLength} characters, has {By.Length}.";
        return DetailJson is null ? null : DetailProblem(DetailJson);
    }

    static string? DetailProblem(string json)
    {
        if (json.Length > MaxDetailBytes) return $"detail may have at most {MaxDetailBytes} bytes, has {json.Length}.";
        try
        {
            using var detail = JsonDocument.Parse(json);
            if (detail.RootElement.ValueKind != JsonValueKind.Object) return $"detail must be an object, is {detail.RootElement.ValueKind}.";
            return IsStorable(detail.RootElement) ? null : "detail has a text that PostgreSQL cannot store: U+0000, or half of a surrogate pair.";
        }
        catch (JsonException e)
        {
            return $"detail is not JSON: {e.Message}";
        }
        catch (InvalidOperationException)
        {
            return "detail has half of a surrogate pair, which PostgreSQL cannot store.";
        }
    }

    static bool IsStorable(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => !element.GetString()!.Contains('\0', StringComparison.Ordinal),
        JsonValueKind.Number => element.GetRawText().Length <= 100 && double.IsFinite(element.GetDouble()),
        JsonValueKind.Array => element.EnumerateArray().All(IsStorable),
        JsonValueKind.Object => element.EnumerateObject().All(p => !p.Name.Contains('\0', StringComparison.Ordinal) && IsStorable(p.Value)),
        _ => true,
    };

    [GeneratedRegex("^[a-z][a-z0-9_]{0,62}$")]
    private static partial Regex GateName();
}

/// <summary>What a decision came to.</summary>
public abstract record DecisionOutcome
{
    DecisionOutcome() { } // closed: the kinds below are all there are

    /// <param name="Early">The gate is not open, or not open again yet: it will find the decision.</param>
    public sealed record Taken(bool Early) : DecisionOutcome;

    /// <summary>Somebody was first; that stands.</summary>
    /// <param name="Epoch">Of the opening; null: it was decided before that.</param>
    public sealed record AlreadyTaken(GateDecision First, long? Epoch) : DecisionOutcome;

    public sealed record NoSuchTask : DecisionOutcome;

    /// <param name="Code">Stable, for programs: invalid_request, gate_not_open, stale_decision, wrong_decision, task_ended, too_many_gates.</param>
    public sealed record Refused(string Code, string Reason) : DecisionOutcome;
}
