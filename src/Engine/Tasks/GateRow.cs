using System.Text.Json.Nodes;

namespace Engine.Tasks;

/// <summary>A gate of a task as the table has it.</summary>
/// <param name="Epoch">Of the claim that opened it; null while there is only an early decision.</param>
/// <param name="Decision">Null while it is open.</param>
/// <param name="KeptBy">Who sent the signal for the next opening; null when there is none.</param>
sealed record GateRow(string Name, long? Epoch, string? Decision, string? DecidedBy, DateTimeOffset? DecidedAt, string? DetailJson,
    string? KeptBy, DateTimeOffset? KeptAt, string? KeptDetailJson)
{
    public const string Columns = """
        gate as name, epoch, decision, decided_by, decided_at, detail::text as detail_json, kept_by, kept_at, kept_detail::text as kept_detail_json
        """;

    public GateDecision? Decided => Decision is null ? null : new GateDecision(Decision, DecidedBy!, DecidedAt!.Value, DetailJson);

    public GateDecision? Kept => KeptBy is null ? null : new GateDecision("signalled", KeptBy, KeptAt!.Value, KeptDetailJson);

    /// <summary>What the timeline keeps of a decision that does not count any more.</summary>
    public JsonObject Dropped(GateDecision decision) => new()
    {
        ["gate"] = Name, ["epoch"] = Epoch, ["decision"] = decision.Decision, ["decided_by"] = decision.DecidedBy, ["decided_at"] = decision.DecidedAt.ToString("O"),
    };

    /// <summary>Whether a gate of that sort takes such a decision.</summary>
    public static bool Fits(string decision, bool forApproval) => forApproval ? decision is "approved" or "rejected" : decision is "signalled";
}
