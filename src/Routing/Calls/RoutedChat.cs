using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Routing.Providers.Wire;

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
        var call = await BeginAsync(messages, options, cancellationToken);
        while (true)
        {
            await using var attempt = new ChatAttempt(tools, await call.OpenNextAsync(), call.EndsAt, cancellationToken);
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
                var routed = call.Answer(attempt.Route, attempt.End!);
                updates.Add(attempt.LastWord(routed));
                var response = updates.ToChatResponse();
                response.AdditionalProperties = routed.Properties();
                return response;
            }
            await call.GoOnAsync(attempt.Route, attempt.Fault!);
        }
    }

    /// <exception cref="BudgetExceededException">No model fits into what is left of a budget.</exception>
    /// <exception cref="NoModelException">There is no model for it.</exception>
    /// <exception cref="ChatFailedException">No model answered.</exception>
    /// <exception cref="ChatCutException">The answer broke off after a part of it was given out.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var call = await BeginAsync(messages, options, cancellationToken);
        await using var attempt = await FirstContentAsync(call, cancellationToken);
        var given = new List<ChatResponseUpdate>();
        while (attempt.End is null)
        {
            given.Add(attempt.Update!);
            yield return attempt.Update!;
            if (await attempt.ReadAsync() == AttemptRead.Fault) throw call.Cut(attempt, given);
        }
        yield return attempt.LastWord(call.Answer(attempt.Route, attempt.End));
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : serviceKey is null && serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("routing") : null;

    public void Dispose() { } // connections belong to all calls of the process

    /// <summary>Fails over until something can be given out, or an answer has ended without anything.</summary>
    async ValueTask<ChatAttempt> FirstContentAsync(RoutedCall call, CancellationToken ct)
    {
        while (true)
        {
            var attempt = new ChatAttempt(tools, await call.OpenNextAsync(), call.EndsAt, ct);
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
            await call.GoOnAsync(attempt.Route, attempt.Fault!);
        }
    }

    async ValueTask<RoutedCall> BeginAsync(IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken ct)
    {
        var request = new ChatRequest(messages, options);
        var one = Interlocked.Increment(ref requests) == 1 ? origin : origin with { RequestId = Guid.CreateVersion7(tools.Time.GetUtcNow()) };
        var wanted = await wish.ForAsync(one, tools.Parts, request.InputBytes, request.InputTokens, tools.Parts.Complexity(request), options?.MaxOutputTokens, ct) with { Needs = request.Needs, Images = request.Images };
        return new RoutedCall(tools, one, wanted, tools.Parts.Decide, (number, candidate, endpoint, selectionId, policy) =>
            AttemptRoute.OfChat(number, candidate, endpoint, selectionId, request, tools.Parts.RulesOf(policy, candidate.Policy)), ct);
    }
}
