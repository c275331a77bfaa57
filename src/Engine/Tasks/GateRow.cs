using System.Text.Json.Nodes;

namespace Engine.Tasks;

/// <summary>A gate of a task as the table has it.</summary>
/// <param name="Epoch">Of the claim that opened it; null while there is only an early decision.</param>
/// <param name="Decision">Null while it is open.</param>
sealed record GateRow(string Name, long? Epoch, string? Decision, string? DecidedBy, DateTimeOffset? DecidedAt, string? DetailJson)
{
    public const string Columns = "gate as name, epoch, decision, decided_by, decided_at, detail::text as detail_json";

    /// <summary>What is kept of a decision that does not count any more.</summary>
    public JsonObject Dropped() => new()
    {
        ["gate"] = Name, ["epoch"] = Epoch, ["decision"] = Decision, ["decided_by"] = DecidedBy, ["decided_at"] = DecidedAt?.ToString("O"),
    };

    /// <summary>Whether a gate of that sort takes such a decision.</summary>
    public static bool Fits(string decision, bool forApproval) => forApproval ? decision is "approved" or "rejected" : decision is "signalled";
}
