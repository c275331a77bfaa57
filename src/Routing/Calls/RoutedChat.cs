using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Routing.Providers.Wire;
using Routing.Selection;

namespace Routing.Calls;

/// <summary>
/// A chat client that chooses the model by itself: selects, holds the money, calls, fails over, settles and records. A caller of a stream is committed
/// to the model whose first content it has got; a caller of a whole answer is not committed until it is whole.
/// </summary>
public sealed class RoutedChat(CallTools tools, CallOrigin origin, RouteWish wish) : IChatClient
{
    int requests;

    /// <exception cref="BudgetExceededException">No model fits into what is left of a budget.</exception>
    /// <exception cref="NoModelException">There is no model for it.</exception>
    /// <exception cref="ChatFailedException">No model answered.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var call = Begin(messages, options, cancellationToken);
        while (true)
        {
            await using var attempt = await call.OpenNextAsync();
            var updates = new List<ChatResponseUpdate>();
            while (true)
            {
                var read = await attempt.ReadAsync();
                if (read == AttemptRead.Fault) break;
                if (read == AttemptRead.Content)
                {
                    updates.Add(attempt.Update!);
                    continue;
                }
                var routed = call.Answer(attempt);
                updates.Add(attempt.LastWord(routed));
                var response = updates.ToChatResponse();
                response.AdditionalProperties = routed.Properties();
                return response;
            }
            await call.GoOnAsync(attempt);
        }
    }

    /// <exception cref="BudgetExceededException">No model fits into what is left of a budget.</exception>
    /// <exception cref="NoModelException">There is no model for it.</exception>
    /// <exception cref="ChatFailedException">No model answered.</exception>
    /// <exception cref="ChatCutException">The answer broke off after a part of it was given out.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var call = Begin(messages, options, cancellationToken);
        await using var attempt = await FirstContentAsync(call);
        var given = new List<ChatResponseUpdate>();
        while (attempt.End is null)
        {
            given.Add(attempt.Update!);
            yield return attempt.Update!;
            if (await attempt.ReadAsync() == AttemptRead.Fault) throw call.Cut(attempt, given);
        }
        yield return attempt.LastWord(call.Answer(attempt));
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : serviceKey is null && serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("routing") : null;

    public void Dispose() { } // connections belong to all calls of the process

    /// <summary>Fails over until something can be given out, or an answer has ended without anything.</summary>
    static async ValueTask<ChatAttempt> FirstContentAsync(RoutedCall call)
    {
        while (true)
        {
            var attempt = await call.OpenNextAsync();
            try
            {
                if (await attempt.ReadAsync() != AttemptRead.Fault) return attempt;
            }
            catch
            {
                await attempt.DisposeAsync();
                throw;
            }
            await attempt.DisposeAsync();
            await call.GoOnAsync(attempt);
        }
    }

    RoutedCall Begin(IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken ct)
    {
        var request = new ChatRequest(messages, options);
        var one = Interlocked.Increment(ref requests) == 1 ? origin : origin with { RequestId = Guid.CreateVersion7(tools.Time.GetUtcNow()) };
        var wanted = new RoutingRequest(wish.TaskType, wish.Policy, wish.Preference, request.InputBytes, request.InputTokens, tools.Parts.Complexity(request), options?.MaxOutputTokens)
        {
            TaskId = origin.TaskId, Tenant = origin.Tenant, Worker = origin.Worker, Needs = request.Needs, Images = request.Images, Labels = wish.Labels,
            SpentByTask = origin.TaskId is { } task ? tools.Parts.SpentByTask(task) : NanoUsd.Zero,
        };
        return new RoutedCall(tools, one, wanted, request, ct);
    }
}
