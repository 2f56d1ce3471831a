"""The transformers Trainer that takes the optimiser steps, alone or in a distributed run."""

from typing import TYPE_CHECKING, Any

from trainer.config import Config
from trainer.conversations import Encoded
from trainer.schedule import Schedule

if TYPE_CHECKING:
    from transformers import Trainer

    from trainer.progress import Progress

# Where the Trainer writes a checkpoint before it is sealed; nothing is ever resumed from here.
UNSEALED = ".unsealed"


def build(
    config: Config,
    schedule: Schedule,
    encoded: list[Encoded],
    model: Any,
    progress: "Progress",
) -> "Trainer":
    """A transformers Trainer that takes one sequence at a time.

    A batch of B sequences accumulated A times is computed as B x A passes over one sequence. The
    loss is normalised by the tokens of the whole step, so the gradient is the same, and there is
    no padding: less memory, no attention mask, and twice the speed on a CPU.
    """
    from torch import cuda
    from transformers import PrinterCallback, Trainer, TrainingArguments

    parameters = config.hyperparameters
    on_gpu = cuda.is_available()
    arguments = TrainingArguments(
        output_dir=str(config.run_dir / UNSEALED),
        per_device_train_batch_size=1,
        gradient_accumulation_steps=parameters.sequences_per_step,
        num_train_epochs=parameters.num_train_epochs,
        max_steps=schedule.steps_total,
        learning_rate=parameters.learning_rate,
        lr_scheduler_type=parameters.lr_scheduler_type,
        warmup_steps=parameters.warmup_ratio,
        bf16=on_gpu,
        use_cpu=not on_gpu,
        dataloader_pin_memory=on_gpu,
        activation_checkpointing=config.quantization != "none",
        ddp_find_unused_parameters=False,
        seed=config.seed,
        logging_steps=1,
        logging_nan_inf_filter=False,
        include_num_input_tokens_seen="all",
        remove_unused_columns=False,
        save_strategy="no",  # Progress says when
        report_to="none",
        disable_tqdm=True,
        log_level="error",
    )
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=encoded,
        data_collator=collate,
        callbacks=[progress],
    )
    trainer.remove_callback(PrinterCallback)
    progress.trainer = trainer
    return trainer


def collate(batch: list[Encoded]) -> dict[str, Any]:
    """One sequence as model inputs, with logits only where the next token is learned."""
    import torch

    [sequence] = batch
    learned = [i for i, target in enumerate(sequence.targets) if target and i > 0]
    labels = torch.tensor([[sequence.tokens[i] for i in learned]])
    return {
        "input_ids": torch.tensor([sequence.tokens]),
        "labels": labels,
        "shift_labels": labels,
        "logits_to_keep": torch.tensor(learned) - 1,
    }
