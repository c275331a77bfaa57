using Dapper;
using Npgsql;

namespace Engine.Audit;

/// <summary>
/// Moves this node's head file forward along the chain. Where the chain no longer leads through the head in the file, the
/// file stays as it is: it is the evidence.
/// </summary>
public sealed class WitnessAuditHead(AuditHeadFile file, ILogger<WitnessAuditHead> log)
{
    AuditHead? witnessed;
    bool isDisputed;

    /// <param name="head">The end of the chain as committed.</param>
    public async Task RunAsync(NpgsqlConnection connection, AuditHead head, CancellationToken ct)
    {
        if (head == witnessed || head.Position == 0 && witnessed is null && !file.Exists) return;
        var problem = await FindProblemAsync(connection, head, ct);
        if (problem is not null)
        {
            if (!isDisputed) log.HeadDisputed(problem); // once, not each second
            isDisputed = true;
            return;
        }
        file.Write(head);
        (witnessed, isDisputed) = (head, false);
    }

    async Task<string?> FindProblemAsync(NpgsqlConnection connection, AuditHead head, CancellationToken ct)
    {
        AuditHead? seen;
        try
        {
            seen = file.Read();
        }
        catch (InvalidDataException e)
        {
            return e.Message;
        }
        if (seen is null or { Position: 0 }) return null;
        if (seen.Position > head.Position) return $"the file knows position {seen.Position}, the chain ends at {head.Position}";
        var stored = await connection.QuerySingleOrDefaultAsync<byte[]>(new CommandDefinition(
            "select chain_hash from audit_chain where position = @Position", new { seen.Position }, cancellationToken: ct));
        return stored is null ? $"the chain has no position {seen.Position} any more"
            : Convert.ToHexStringLower(stored) != seen.ChainHash ? $"the chain has another hash at position {seen.Position}"
            : null;
    }
}
