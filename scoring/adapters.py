"""PEFT adapters over one loaded base: weights shared, the right adapter switched on for each turn of the device.

    take a turn of the device -> switch to the turn's adapter (or to none) -> compute -> give the turn back

Every engine and sampler of the base and of its adapters takes its turns through `AdapterTurns`, and only the holder of
the turn may compute or switch: no forward ever runs under another's adapter. Adapters are never merged into the base.
Leaves out finding and checking files (adapter_files.py), tokenizers (models.py) and memory (room.py).
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from scoring.adapter_files import WEIGHTS_FILE, AdapterFiles
from scoring.engine.plain import is_out_of_memory
from scoring.engine.turns import Turns
from scoring.errors import EngineFailed, ModelUnavailable

_PROBE_TOKENS = 8
_HALFWAY = "being switched"  # no adapter's name: whoever comes after an interruption switches again


class AdapterTurns(Turns):
    """The device's queue as one engine sees it: whoever holds the turn computes under this adapter (None: the base)."""

    def __init__(self, shelf: AdapterShelf, adapter: str | None) -> None:
        self._shelf = shelf
        self._adapter = adapter

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold the device, with the adapter switched on. Raises EngineFailed when it was unloaded meanwhile."""
        with self._shelf.turns.take():
            self._shelf.switch_to(self._adapter)
            yield

    def must_hold_back(self) -> bool:
        """See `Turns`."""
        return self._shelf.turns.must_hold_back()

    def touch(self) -> None:
        """See `Turns`."""
        self._shelf.turns.touch()


class AdapterShelf:
    """The adapters that stand over one loaded transformers model. `turns`: the queue of the model's device."""

    def __init__(self, model: Any, turns: Turns) -> None:
        self.model = model
        self.turns = turns
        self._peft: Any = None  # a PeftModel around `model`, whose modules it has replaced in place
        self._active: str | None = None
        self._numbers = itertools.count(1)

    def turns_for(self, adapter: str | None) -> AdapterTurns:
        """The queue for an engine of this adapter; None: of the base."""
        return AdapterTurns(self, adapter)

    def load(self, files: AdapterFiles) -> tuple[str, int]:
        """Put an adapter on the shelf, in the base's dtype: its name here and its bytes.

        Raises ModelUnavailable: it does not fit this base. The base is then as it was.
        """
        name = f"adapter-{next(self._numbers)}"
        with self.turns.take(), torch.no_grad():
            self.switch_to(None)
            weights, logits = list(self.model.parameters()), self._probe()
            try:
                self._inject(files, name)
                self._peft.base_model.disable_adapter_layers()
                is_there = {id(weight) for weight in self.model.parameters()}
                if not all(id(weight) in is_there for weight in weights) or not torch.equal(logits, self._probe()):
                    raise ModelUnavailable(f"{files.ref}: loading it changed its base's numbers; merge it instead")
            except BaseException:
                self._drop(name)
                raise
            return name, sum(tensor.numel() * tensor.element_size() for _, tensor in self._named_weights(name))

    def unload(self, name: str) -> None:
        """Take an adapter off; its memory is free once nobody holds its engine. Waits for the device's turn."""
        with self.turns.take():
            self.switch_to(None)
            self._drop(name)

    def switch_to(self, adapter: str | None) -> None:
        """Switch to an adapter, or to the base alone. Only for the holder of the device's turn."""
        if adapter == self._active:
            return
        if adapter is not None and (self._peft is None or adapter not in self._peft.peft_config):
            raise EngineFailed("the adapter was unloaded while in use; open the model again")
        self._active = _HALFWAY
        if adapter is None:
            self._peft.base_model.disable_adapter_layers()
        else:
            self._peft.base_model.enable_adapter_layers()
            self._peft.base_model.set_adapter(adapter, inference_mode=True)
        self._active = adapter

    def _inject(self, files: AdapterFiles, name: str) -> None:
        """Wrap the base's modules where the adapter has weights, and load those; every weight must find its place."""
        from peft import LoraConfig, PeftModel, set_peft_model_state_dict

        settings = {key: value for key, value in files.config.items() if key in LoraConfig.__dataclass_fields__}
        # The weights come from the file; what they started from is done with.
        config = LoraConfig(**settings | {"inference_mode": True, "init_lora_weights": True, "lora_dropout": 0.0})
        options: dict[str, Any] = {"low_cpu_mem_usage": True, "autocast_adapter_dtype": False}
        try:
            with _quiet():
                if self._peft is None:
                    self._peft = PeftModel(self.model, config, name, **options)
                else:
                    self._peft.add_adapter(name, config, **options)
                weights = self._without_the_base_s(files, name, load_file(files.folder / WEIGHTS_FILE))
                report: Any = set_peft_model_state_dict(self._peft, weights, adapter_name=name, low_cpu_mem_usage=True)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
            if is_out_of_memory(error):
                raise ModelUnavailable(f"{files.ref}: memory ran out while loading it; free memory") from error
            reason = " ".join(str(error).split())[:300]
            raise ModelUnavailable(f"{files.ref}: it does not fit its base ({reason}); correct the pair") from error
        tensors = dict(self._peft.named_parameters(remove_duplicate=False))
        loaded = {
            id(tensor) for key, tensor in tensors.items() if key not in report.missing_keys
        }  # tied ones load once
        own = [key for key in report.missing_keys if name in key.split(".")]
        # What is tied is in the file once, and two names of the model stand for it.
        odd = [*report.unexpected_keys, *(key for key in own if id(tensors.get(key)) not in loaded)]
        if odd:
            raise ModelUnavailable(
                f"{files.ref}: {len(odd)} of its weights have no place in this base or are missing (first: {odd[0]}); "
                "correct the pair, or save the adapter again"
            )
        self._settle(name)

    def _without_the_base_s(self, files: AdapterFiles, name: str, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """The adapter's own weights. peft saves embeddings of the base beside them, and would load them into the base.

        Raises ModelUnavailable when those are not this base's embeddings (tokens were added, or they were trained).
        """
        from peft.utils.other import AuxiliaryTrainingWrapper

        trained = tuple(
            _plain_name(key) + "."
            for key, module in self.model.named_modules()
            if isinstance(module, AuxiliaryTrainingWrapper) and name in module._get_available_adapters()
        )
        base = {_plain_name(key): tensor for key, tensor in self.model.named_parameters(remove_duplicate=False)}
        own = {}
        for key, tensor in weights.items():
            plain = _plain_name(key)
            if plain not in base or plain.startswith(trained):
                own[key] = tensor
            elif tensor.shape != base[plain].shape or not torch.equal(tensor.to(base[plain]), base[plain]):
                raise ModelUnavailable(
                    f"{files.ref}: it brings a {plain} of {tuple(tensor.shape)} that is not its base's; merge it into "
                    "its base and name the merged folder, or correct the pair"
                )
        return own

    def _settle(self, name: str) -> None:
        """The weights in the base's dtype and on its device, and no gradients anywhere."""
        for _, tensor in self._named_weights(name):
            tensor.data = tensor.data.to(self.model.device, self.model.dtype)
        self.model.eval().requires_grad_(False)
        embeddings = self.model.get_input_embeddings()
        if "num_embeddings" not in vars(embeddings):  # peft's wrappers hide what engines ask for
            embeddings.num_embeddings = embeddings.weight.shape[0]

    def _drop(self, name: str) -> None:
        """Remove an adapter, and every wrapper it leaves empty. Only for the holder of the turn."""
        if self._peft is not None and name in self._peft.peft_config:
            with _quiet():
                self._peft.base_model.delete_adapter(name)
        is_last = self._peft is None or not self._peft.peft_config
        restore_modules(self.model, set() if is_last else set(self._peft.peft_config))
        if is_last:
            self._peft = None
        else:
            with _quiet():
                self._peft.base_model.disable_adapter_layers()
        self._active = None

    def _named_weights(self, name: str) -> list[tuple[str, Tensor]]:
        return [(key, tensor) for key, tensor in self.model.named_parameters() if name in key.split(".")]

    def _probe(self) -> Tensor:
        """The base's logits for a few tokens; equal bits before and after prove that loading left it alone."""
        size = self.model.get_input_embeddings().weight.shape[0]
        ids = torch.arange(_PROBE_TOKENS, device=self.model.device)[None] % size
        return self.model(input_ids=ids).logits


def _plain_name(key: str) -> str:
    """A weight's or module's name as the base has it, without what adapters put in between."""
    return key.removeprefix("base_model.model.").replace(".base_layer", "").replace(".original_module", "")


@contextmanager
def _quiet() -> Iterator[None]:
    """peft warns about training, merging and which adapter is active; what matters of that is checked here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def restore_modules(model: Any, kept: set[str]) -> None:
    """Put back the modules that were wrapped for adapters other than the `kept` ones alone."""
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils.other import AuxiliaryTrainingWrapper

    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, BaseTunerLayer) and not kept & set(child._all_available_adapter_names()):
                setattr(parent, name, child.get_base_layer())
            elif isinstance(child, AuxiliaryTrainingWrapper) and not kept & child._get_available_adapters():
                setattr(parent, name, child.original_module)
    if not kept and hasattr(model, "peft_config"):
        del model.peft_config
