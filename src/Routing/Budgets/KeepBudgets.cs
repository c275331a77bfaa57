using Microsoft.Extensions.Logging;
using Npgsql;
using Routing.Calls;

namespace Routing.Budgets;

/// <summary>Keeps this process up to date with its budgets: every second, and at once when somebody tells of a change. Takes apart what dead processes hold.</summary>
/// <param name="connectAsync">Opens the connection that it keeps.</param>
public sealed class KeepBudgets(Func<CancellationToken, ValueTask<NpgsqlConnection>> connectAsync, LedgerOptions options, CurrentBudgets budgets, CallLedger ledger, LedgerLoop loop,
    Holders holders, TimeProvider time, ILogger<KeepBudgets> log)
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <summary>Until the token fires.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var isFailing = false;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await using var connection = await connectAsync(ct);
                if (options.Listen) await ListenAsync(connection, ct);
                while (true)
                {
                    await RunOnceAsync(connection, ct);
                    isFailing = false;
                    if (options.Listen) await connection.WaitAsync(Every, ct);
                    else await Task.Delay(Every, time, ct);
                }
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) // the database is away: holds are granted by it alone, so nothing can go wrong meanwhile
            {
                if (!isFailing) log.CannotKeep(e.Message);
                isFailing = true;
                await Task.Delay(Every, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public async Task RunOnceAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var look = await budgets.RefreshAsync(connection, loop.HolderId, ct);
        if (look.Tight.Count > 0 || look.Changed.Count > 0) ledger.Tell(look);
        if (look.HasDead) await holders.TakeApartDeadAsync(ct);
    }

    static async Task ListenAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var listen = new NpgsqlCommand("listen engine_budgets", connection);
        await listen.ExecuteNonQueryAsync(ct);
    }
}
